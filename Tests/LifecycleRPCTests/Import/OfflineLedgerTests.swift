import TestSupport
import Testing

@testable import LifecycleCore
@testable import LifecycleRPC

@Suite("The ledger without a daemon")
struct OfflineLedgerTests {
    @Test("looks for nothing that is due, or each new project would go through all unfinished ones of its user")
    func nothingIsDue() throws {
        let folder = try ScratchFolder()
        let ledger = try OfflineLedger(path: folder.database)
        #expect(!ledger.transaction.mayBeDue)
        let context = CallContext(now: systemClock(), caller: .tester, limits: Limits(), metrics: NoMetrics())
        try ledger.begin()
        _ = try CreateProject(userId: "ann", credits: 0).run(in: ledger.transaction, context)
        #expect(!ledger.transaction.mayBeDue)
        try ledger.commit()
        try ledger.close()
    }
}
