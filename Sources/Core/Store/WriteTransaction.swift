/// The writes that a rule may make: those of `LedgerTransaction`, which says what each does. If the engine refuses a
/// write (an overdraft, a second verdict), that is an `internalError`: the rules must check before they write, and the
/// engine finds their bugs.
package final class WriteTransaction: ReadTransaction {
    private let writes: any LedgerTransaction
    /// The events of the current request, for the log.
    package var steps: [NewEvent] = []

    package init(_ writes: any LedgerTransaction, _ nextDeadline: NextDeadline) {
        self.writes = writes
        super.init(writes, nextDeadline)
    }

    package override func begin(at now: Timestamp) {
        super.begin(at: now)
        steps.removeAll(keepingCapacity: true)
    }

    /// Writes, and notes the new deadline of a project.
    private func write<Value>(
        deadline: Timestamp?, _ body: () throws(StorageError) -> Value
    ) throws(RPCError) -> Value {
        let value = try reporting(body)
        nextDeadline.include(deadline)
        return value
    }

    // MARK: Accounts

    package func request(of userId: String, key: String) throws(RPCError) -> EarlierRequest? {
        let earlier = try reporting { () throws(StorageError) in try writes.request(of: userId, key: key) }
        if case .project(let project) = earlier { touch(project) }
        return earlier
    }

    package func openAccount(of userId: String) throws(RPCError) -> Account {
        try reporting { () throws(StorageError) in try writes.openAccount(of: userId) }
    }

    package func post(_ entry: NewEntry, at now: Timestamp) throws(RPCError) -> Entry {
        try reporting { () throws(StorageError) in try writes.post(entry, at: now) }
    }

    package func record(_ event: NewEvent, by caller: Caller, at now: Timestamp) throws(RPCError) {
        try reporting { () throws(StorageError) in try writes.record(event, by: caller, at: now) }
        steps.append(event)
    }

    // MARK: Projects

    package func makeProjectID(at now: Timestamp) -> ProjectID { writes.makeProjectID(at: now) }

    package func create(_ project: NewProject, at now: Timestamp) throws(RPCError) -> StoredProject {
        try write(deadline: project.deadline) { () throws(StorageError) in try writes.create(project, at: now) }
    }

    package func start(_ project: StoredProject, deadline: Timestamp?, at now: Timestamp) throws(RPCError) {
        try write(deadline: deadline) { () throws(StorageError) in
            try writes.start(project, deadline: deadline, at: now)
        }
    }

    package func renew(_ project: StoredProject, deadline: Timestamp?, at now: Timestamp) throws(RPCError) {
        try write(deadline: deadline) { () throws(StorageError) in
            try writes.renew(project, deadline: deadline, at: now)
        }
    }

    package func finish(_ project: StoredProject, _ verdict: Verdict, at now: Timestamp) throws(RPCError) {
        try reporting { () throws(StorageError) in try writes.finish(project, verdict, at: now) }
    }

    package func beat(_ project: StoredProject, _ beat: Beat) throws(RPCError) {
        // After the clock went back the new deadline may be earlier than the one on disk.
        try write(deadline: beat.deadline) { () throws(StorageError) in try writes.beat(project, beat) }
    }

    package func setPause(of project: StoredProject, at now: Timestamp) throws(RPCError) {
        try write(deadline: project.project.deadline) { () throws(StorageError) in
            try writes.setPause(of: project, at: now)
        }
    }

    package func requestCancel(of project: StoredProject, at now: Timestamp) throws(RPCError) {
        try reporting { () throws(StorageError) in try writes.requestCancel(of: project, at: now) }
    }

    package func detach(_ project: StoredProject, deadline: Timestamp, at now: Timestamp) throws(RPCError) {
        try write(deadline: deadline) { () throws(StorageError) in
            try writes.detach(project, deadline: deadline, at: now)
        }
    }

    package func recordExternalID(_ id: String, of project: StoredProject, at now: Timestamp) throws(RPCError) {
        try reporting { () throws(StorageError) in try writes.recordExternalID(id, of: project, at: now) }
    }

    package func countRefusedReport(of project: StoredProject) throws(RPCError) {
        try reporting { () throws(StorageError) in try writes.countRefusedReport(of: project) }
    }

    // MARK: Time

    package func dueProjects(
        ofUser userId: String? = nil, at now: Timestamp, limit: Int
    ) throws(RPCError) -> [StoredProject] {
        try reporting { () throws(StorageError) in try writes.dueProjects(ofUser: userId, at: now, limit: limit) }
    }

    package func clockAgreement(at now: Timestamp) throws(RPCError) -> ClockAgreement {
        try reporting { () throws(StorageError) in try writes.lookAtClock(at: now).agreement }
    }

    package func trimProjects(
        finishedBefore end: Timestamp, after row: Int64, at now: Timestamp
    ) throws(RPCError) -> Retention.Step {
        try reporting { () throws(StorageError) in try writes.trimProjects(finishedBefore: end, after: row, at: now) }
    }
}
