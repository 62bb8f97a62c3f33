internal import Foundation
internal import LifecycleCore
internal import LifecycleRPC
internal import Testing

@Suite("Storage that has failed for good", .ledgers)
struct FailedStorageTests {
    @Test("is not read any more, as a read that waits for it would keep the daemon from ending")
    func refusesReads() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(100, to: "ann")
        #expect(try await ledger.call(GetBalance(userId: "ann")).available == 100)
        unlink(ledger.folder.database)
        let grant = GrantCredits(userId: "ann", credits: 1, reason: "a test")
        #expect(await ledger.error(grant)?.kind == .outcomeUnknown)
        #expect(await ledger.error(GetBalance(userId: "ann"))?.kind == .storageUnavailable)
        await ledger.close()
    }
}
