internal import LifecycleCore
internal import LifecycleRPC

/// The rows of a ledger as values: a copy is a snapshot.
struct ToyState: Sendable {
    var accounts: [Account] = []
    var projects: [StoredProject] = []
    var entries: [(entry: Entry, user: String)] = []
    var events: [Event] = []
    /// The project or the entry of each key, by its index.
    var keys: [[[UInt8]]: (isProject: Bool, index: Int)] = [:]
    var clock: ClockAgreement?
    var isSetBack = false

    /// The earliest deadline first.
    var unfinished: [StoredProject] {
        projects.filter { $0.project.deadline != nil }.sorted { ($0.deadline, $0.row) < ($1.deadline, $1.row) }
    }
}

/// Each read scans everything.
final class ToyTransaction: LedgerTransaction {
    var state: ToyState
    let sinceStart: Uptime
    private var ids: ProjectIDGenerator
    private var random = SystemRandomNumberGenerator()

    init(_ state: ToyState, _ sinceStart: @escaping Uptime = { 0 }) {
        (self.state, self.sinceStart) = (state, sinceStart)
        ids = ProjectIDGenerator(after: state.projects.last?.project.projectId)
    }

    // MARK: Reads

    func project(_ reference: ProjectReference) -> StoredProject? {
        state.projects.first { stored in
            switch reference {
            case .projectID(let id): stored.project.projectId == id
            case .externalID(let id): isSame(stored.project.externalId, id)
            }
        }
    }

    func account(of userId: String) -> Account? {
        state.accounts.first { isSame($0.balance.userId, userId) }
    }

    func projects(_ filter: ProjectFilter, after cursor: ProjectID?, limit: Int) -> [Project] {
        let end = cursor.map { id in state.projects.firstIndex { $0.project.projectId == id } ?? 0 }
        let found = state.projects.prefix(end ?? .max).reversed().filter { stored in
            let project = stored.project
            return isSame(filter.userId ?? project.userId, project.userId)
                && filter.statuses?.contains(project.status) ?? true
                && (filter.createdAfter ?? project.createdAt) <= project.createdAt
                && filter.createdBefore.map { project.createdAt < $0 } ?? true
                && filter.dueBefore.map { stored.deadline < $0 } ?? true
        }
        return found.prefix(limit).map(\.project)
    }

    func totals(_ filter: ProjectFilter) -> Totals {
        projects(filter, after: nil, limit: .max).reduce(into: Totals()) { totals, project in
            totals[project.status].count += 1
            totals[project.status].credits += project.status == .failed ? project.creditsRefunded : project.creditsUsed
            guard project.status == .completed, let end = project.finishedAt else { return }
            totals.completedMilliseconds += max(0, end.milliseconds(since: project.createdAt))
        }
    }

    func entries(ofUser userId: String, before: Int64?, limit: Int) -> [Entry] {
        let entries = state.entries.reversed().filter { isSame($0.user, userId) && $0.entry.entryId < before ?? .max }
        return entries.prefix(limit).map(\.entry)
    }

    private func id(_ row: Int64) -> ProjectID { state.projects[Int(row) - 1].project.projectId }
    func entries(ofProject row: Int64) -> [Entry] { state.entries.map(\.entry).filter { $0.projectId == id(row) } }

    func events(_ filter: EventFilter, after seq: Int64, limit: Int) -> [Event] {
        let events = state.events.filter { event in
            event.seq > seq && isSame(filter.userId ?? event.userId, event.userId)
                && (filter.projectId == nil || filter.projectId == event.projectId)
        }
        return Array(events.prefix(limit))
    }

    var newestEvent: Int64 { Int64(state.events.count) }
    func newestSeq() -> Int64 { newestEvent }
    func backUp(to path: String) throws(BackupFailure) -> BackupReport {
        throw BackupFailure("this ledger has no file")
    }
    func audit() -> AuditReport {
        AuditReport(checked: Int64(state.accounts.count + state.projects.count + state.entries.count), findings: [])
    }

    // MARK: Writes

    func makeProjectID(at now: Timestamp) -> ProjectID { ids.next(at: now, random: &random) }

    func request(of userId: String, key: String) -> EarlierRequest? {
        guard let known = state.keys[[Array(userId.utf8), Array(key.utf8)]] else { return nil }
        guard known.isProject else { return .entry(state.entries[known.index].entry) }
        return project(.projectID(id(Int64(known.index + 1)))).map(EarlierRequest.project)
    }

    func openAccount(of userId: String) -> Account {
        let balance = Balance(userId: userId, available: 0, held: 0)
        state.accounts.append(Account(row: Int64(state.accounts.count + 1), balance: balance, granted: 0))
        return state.accounts[state.accounts.count - 1]
    }

    /// Writes an entry and moves its credits: what the triggers of a schema do.
    private func move(
        _ kind: Entry.Kind, _ credits: Int64, _ row: Int64, available: Int64, held: Int64 = 0,
        of project: ProjectID? = nil, reason: String? = nil, at now: Timestamp
    ) throws(StorageError) -> Entry {
        state.accounts[Int(row) - 1].balance.available += available
        state.accounts[Int(row) - 1].balance.held += held
        let balance = state.accounts[Int(row) - 1].balance
        if balance.available < 0 || balance.held < 0 { throw StorageError(.constraint, "an overdraft") }
        let entry = Entry(
            entryId: Int64(state.entries.count + 1), kind: kind, credits: credits, at: now, projectId: project,
            reason: reason)
        state.entries.append((entry, balance.userId))
        return entry
    }

    func post(_ new: NewEntry, at now: Timestamp) throws(StorageError) -> Entry {
        state.accounts[Int(new.account.row) - 1].granted += new.credits
        if let key = new.idempotencyKey {
            state.keys[[Array(new.account.balance.userId.utf8), Array(key.utf8)]] = (false, state.entries.count)
        }
        return try move(new.kind, new.credits, new.account.row, available: new.credits, reason: new.reason, at: now)
    }

    func create(_ new: NewProject, at now: Timestamp) throws(StorageError) -> StoredProject {
        let user = new.account.balance.userId
        if let key = new.idempotencyKey {
            state.keys[[Array(user.utf8), Array(key.utf8)]] = (true, state.projects.count)
        }
        _ = try move(
            .charge, new.credits, new.account.row, available: -new.credits, held: new.credits, of: new.projectId,
            at: now)
        state.projects.append(StoredProject(new, row: Int64(state.projects.count + 1), at: now))
        return state.projects[state.projects.count - 1]
    }

    func change(_ stored: StoredProject, _ now: Timestamp?, _ body: (inout StoredProject) -> Void) {
        let index = Int(stored.row) - 1
        body(&state.projects[index])
        if let now { state.projects[index].project.updatedAt = now }
    }

    func start(_ known: StoredProject, deadline: Timestamp?, at now: Timestamp) {
        change(known, now) { ($0.project.status, $0.project.startedAt) = (.processing, now) }
        renew(known, deadline: deadline, at: now)
    }

    func finish(_ known: StoredProject, _ verdict: Verdict, at now: Timestamp) throws(StorageError) {
        let (credits, id) = (known.project.creditsUsed, known.project.projectId)
        if state.projects[Int(known.row) - 1].project.finishedAt != nil {
            throw StorageError(.constraint, "a second verdict")
        }
        let refund = verdict.status == .failed ? credits : 0
        let kind: Entry.Kind = verdict.status == .failed ? .refund : .capture
        _ = try move(kind, credits, known.account, available: refund, held: -credits, of: id, at: now)
        change(known, now) { stored in
            stored.project.status = verdict.status
            stored.project.creditsRefunded = refund
            if case .failed(let code, let text) = verdict {
                (stored.project.errorCode, stored.project.errorMessage) = (code, text)
            } else {
                stored.project.startedAt = stored.project.startedAt ?? now
            }
            (stored.project.finishedAt, stored.project.deadline, stored.project.pausedUntil) = (now, nil, nil)
        }
    }

    func renew(_ known: StoredProject, deadline: Timestamp?, at now: Timestamp) {
        change(known, now) { ($0.project.deadline, $0.isDetached) = (deadline, false) }
    }
    func beat(_ known: StoredProject, _ beat: Beat) {
        change(known, beat.at) { stored in
            stored.project.progress = beat.progress ?? stored.project.progress
            stored.project.message = beat.message ?? stored.project.message
            stored.project.deadline = beat.deadline
        }
    }
    func setPause(of new: StoredProject, at now: Timestamp) { change(new, now) { $0 = new } }
    func requestCancel(of known: StoredProject, at now: Timestamp) {
        change(known, now) { $0.project.cancelRequested = true }
    }
    func detach(_ known: StoredProject, deadline: Timestamp, at now: Timestamp) {
        change(known, now) { ($0.project.deadline, $0.isDetached) = (deadline, true) }
    }
    func recordExternalID(_ id: String, of known: StoredProject, at now: Timestamp) {
        change(known, now) { $0.project.externalId = id }
    }
    func countRefusedReport(of known: StoredProject) { change(known, nil) { $0.refusedReports += 1 } }
    func record(_ event: NewEvent, by caller: Caller, at now: Timestamp) {
        let (uid, gid, pid) = (Int64(caller.uid), Int64(caller.gid), Int64(caller.pid))
        state.events.append(
            Event(
                seq: newestEvent + 1, kind: event.kind, at: now, userId: event.userId, projectId: event.project?.id,
                uid: uid, gid: gid, pid: pid, detail: event.detail))
    }
}

/// Swift takes é in one character and in two for equal; the ledger does not.
func isSame(_ one: String?, _ other: String) -> Bool { one.map { $0.utf8.elementsEqual(other.utf8) } ?? false }
