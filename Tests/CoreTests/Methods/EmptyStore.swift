internal import LifecycleCore

/// For methods that ask the store nothing, or a store that has nothing.
final class EmptyStore: ReadTransaction {
    func project(_ reference: ProjectReference) throws(RPCError) -> StoredProject? { nil }
    func account(of userId: String) throws(RPCError) -> Account? { nil }
    func projects(_ filter: ProjectFilter, after cursor: ProjectID?, limit: Int) throws(RPCError) -> [Project] { [] }
    func totals(_ filter: ProjectFilter) throws(RPCError) -> Totals { Totals() }
    func entries(ofUser userId: String, before: Int64?, limit: Int) throws(RPCError) -> [Entry] { [] }
    func entries(ofProject row: Int64) throws(RPCError) -> [Entry] { [] }
    func events(ofProject row: Int64) throws(RPCError) -> [Event] { [] }
    func events(_ filter: EventFilter, after seq: Int64, limit: Int) -> [Event] { [] }
    func newestSeq() -> Int64 { 0 }
    func affect(_ effect: ConnectionEffect) {}
    func audit() throws(RPCError) -> AuditReport { AuditReport(checked: 0, findings: []) }
    func backUp(to path: String) throws(RPCError) -> BackupReport { throw .backupFailed("there is nothing") }
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
