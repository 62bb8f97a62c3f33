internal import LifecycleCore

/// For methods that ask the store nothing, or a store that has nothing.
final class EmptyStore: LedgerReads {
    func project(_ reference: ProjectReference) -> StoredProject? { nil }
    func account(of userId: String) -> Account? { nil }
    func projects(_ filter: ProjectFilter, after cursor: ProjectID?, limit: Int) -> [Project] { [] }
    func totals(_ filter: ProjectFilter) -> Totals { Totals() }
    func entries(ofUser userId: String, before: Int64?, limit: Int) -> [Entry] { [] }
    func entries(ofProject row: Int64) -> [Entry] { [] }
    func events(_ filter: EventFilter, after seq: Int64, limit: Int) -> [Event] { [] }
    func newestSeq() -> Int64 { 0 }
    func dueProjects(ofUser userId: String?, at now: Timestamp, limit: Int) -> [StoredProject] { [] }
    func earliestDeadline() -> Timestamp? { nil }
    func audit() -> AuditReport { AuditReport(checked: 0, findings: []) }
    func backUp(to path: String) throws(BackupFailure) -> BackupReport { throw BackupFailure("there is nothing") }
}

extension ReadTransaction {
    static var empty: ReadTransaction { ReadTransaction(EmptyStore(), NextDeadline()) }
}

struct NoMetrics: MetricsSource {
    func report() -> GetMetrics.Response { .blank }
}

extension CallContext {
    static func test(_ limits: Limits = Limits()) -> CallContext {
        CallContext(
            now: Timestamp(milliseconds: 0), caller: Caller(uid: 0, gid: 0, pid: 0, roles: []), limits: limits,
            metrics: NoMetrics())
    }
}
