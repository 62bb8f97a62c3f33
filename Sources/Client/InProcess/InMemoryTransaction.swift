internal import HashTreeCollections
package import LifecycleCore

/// One transaction over a copy of the store. To commit is to keep `store`, to roll back is to forget it. Each change is
/// whole or not at all, as a statement is. Not `Sendable`: used where it was made.
package final class InMemoryTransaction: WriteTransaction {
    package private(set) var store: InMemoryStore
    /// Not part of what is rolled back: an id is never made twice.
    package private(set) var ids: ProjectIDGenerator
    /// What the request does to its connection.
    package private(set) var effects: [ConnectionEffect] = []
    private var random = SystemRandomNumberGenerator()

    package init(_ store: InMemoryStore, ids: ProjectIDGenerator) {
        self.store = store
        self.ids = ids
    }

    // MARK: Reads

    package func project(_ reference: ProjectReference) -> StoredProject? { store.project(reference) }

    package func account(of userId: String) -> Account? { store.account(of: userId)?.account }

    package func projects(_ filter: ProjectFilter, after cursor: ProjectID?, limit: Int) -> [Project] {
        store.page(filter, after: cursor, limit: limit)
    }

    package func totals(_ filter: ProjectFilter) -> Totals { store.totals(filter) }

    package func entries(ofUser userId: String, before: Int64?, limit: Int) -> [Entry] {
        store.entries(ofUser: userId, before: before, limit: limit)
    }

    package func entries(ofProject row: Int64) -> [Entry] { store.entries(ofProject: row) }

    package func events(ofProject row: Int64) -> [Event] { store.events(ofProject: row) }

    package func events(_ filter: EventFilter, after seq: Int64, limit: Int) -> [Event] {
        store.events(filter, after: seq, limit: limit)
    }

    package func newestSeq() -> Int64 { store.newestSeq }

    package func affect(_ effect: ConnectionEffect) { effects.append(effect) }

    package func audit() -> AuditReport { store.audit() }

    package func backUp(to path: String) throws(RPCError) -> BackupReport {
        throw .backupFailed("this ledger is in the memory of its process and has no file")
    }

    package func request(of userId: String, key: String) -> EarlierRequest? { store.request(of: userId, key: key) }

    package func dueProjects(at now: Timestamp, limit: Int) -> [StoredProject] { store.due(at: now, limit: limit) }

    // MARK: Writes

    package func makeProjectID(at now: Timestamp) -> ProjectID { ids.next(at: now, random: &random) }

    package func openAccount(of userId: String) throws(RPCError) -> Account {
        try change { store throws(RPCError) in try store.openAccount(of: userId) }
    }

    package func create(_ project: NewProject, at now: Timestamp) throws(RPCError) -> StoredProject {
        try change { store throws(RPCError) in try store.create(project, at: now) }
    }

    package func start(_ project: StoredProject, deadline: Timestamp?, at now: Timestamp) throws(RPCError) {
        try change { store throws(RPCError) in
            try store.move(project.row, starts: true, deadline: deadline, at: now)
        }
    }

    package func renew(_ project: StoredProject, deadline: Timestamp?, at now: Timestamp) throws(RPCError) {
        try change { store throws(RPCError) in
            try store.move(project.row, deadline: deadline, at: now)
        }
    }

    package func beat(_ project: StoredProject, _ beat: Beat) throws(RPCError) {
        try change { store throws(RPCError) in try store.beat(project.row, beat) }
    }

    package func requestCancel(of project: StoredProject, at now: Timestamp) throws(RPCError) {
        try change { store throws(RPCError) in try store.requestCancel(of: project.row, at: now) }
    }

    package func detach(_ project: StoredProject, deadline: Timestamp, at now: Timestamp) throws(RPCError) {
        try change { store throws(RPCError) in
            try store.move(project.row, detaches: true, deadline: deadline, at: now)
        }
    }

    package func finish(_ project: StoredProject, _ verdict: Verdict, at now: Timestamp) throws(RPCError) {
        try change { store throws(RPCError) in try store.finish(project.row, verdict, at: now) }
    }

    package func recordExternalID(_ id: String, of project: StoredProject, at now: Timestamp) throws(RPCError) {
        try change { store throws(RPCError) in try store.recordExternalID(id, of: project.row, at: now) }
    }

    package func countRefusedReport(of project: StoredProject) throws(RPCError) {
        try change { store throws(RPCError) in try store.countRefusedReport(of: project.row) }
    }

    package func post(_ entry: NewEntry, at now: Timestamp) throws(RPCError) -> Entry {
        try change { store throws(RPCError) in try store.post(entry, at: now) }
    }

    package func clockAgreement(at now: Timestamp) -> ClockAgreement? { nil }

    package func trimProjects(
        finishedBefore end: Timestamp, after row: Int64, at now: Timestamp
    ) throws(RPCError) -> Retention.Step {
        try change { store throws(RPCError) in store.trimProjects(finishedBefore: end, after: row, at: now) }
    }

    package func record(_ event: NewEvent, by caller: Caller, at now: Timestamp) throws(RPCError) {
        try change { store throws(RPCError) in try store.record(event, by: caller, at: now) }
    }

    private func change<Value>(
        _ body: (inout InMemoryStore) throws(RPCError) -> Value
    ) throws(RPCError) -> Value {
        var changed = store
        let value = try body(&changed)
        store = changed
        return value
    }
}
