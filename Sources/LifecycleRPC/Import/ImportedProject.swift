internal import LifecycleCore

/// A row of the web app's old table "UserProject".
struct ImportedProject: ImportedRow {
    static let columns = ["id", "userId", "status", "creditsUsed", "errorMessage", "createdAt", "updatedAt"]

    let id: String
    let userId: String
    let status: Status
    let creditsUsed: Int64
    let errorMessage: String?
    let createdAt: Timestamp
    /// Never before `createdAt`.
    let updatedAt: Timestamp

    init?(_ reader: inout RowReader, now: Timestamp) {
        let longestID = 255 - ImportRun.key("").utf8.count
        let id = reader.text(0, .line(1...longestID))
        let userId = reader.text(1, .userID)
        let status = reader.status(2)
        let creditsUsed = reader.credits(3)
        let errorMessage = reader.optionalText(4)
        let createdAt = reader.time(5, now: now)
        let updatedAt = reader.time(6, now: now)
        guard let id, let userId, let status, let creditsUsed, let createdAt, let updatedAt else { return nil }
        self.id = id
        self.userId = userId
        self.status = status
        self.creditsUsed = creditsUsed
        self.errorMessage = errorMessage
        self.createdAt = createdAt
        // Different clocks set the two times, so they may differ by milliseconds in the wrong direction.
        self.updatedAt = max(createdAt, updatedAt)
    }

    var order: Timestamp { createdAt }

    /// The old system had charged the user already. So the user first gets the project's price, and is then charged.
    func write(in store: WriteTransaction, _ run: inout ImportRun) throws(RPCError) -> RowRefusal? {
        if let known = try store.project(.externalID(id)) { return try refusal(known, in: store, &run) }
        let key = ImportRun.key(id)
        guard try store.request(of: userId, key: key) == nil else {
            return RowRefusal("id", "the key \(key) was used for another request")
        }
        guard let account = try run.account(of: userId, for: creditsUsed, in: store) else {
            return RowRefusal("creditsUsed", ImportRun.tooMany)
        }
        try bringCredits(to: account, in: store, run.context)
        let terms = Terms()
        let created = try store.create(
            NewProject(
                imported: id, as: store.makeProjectID(at: createdAt), account: account, credits: creditsUsed, key: key,
                terms: terms, deadline: deadline(.pending, terms, run.context.limits)),
            at: createdAt)
        run.firstProject = run.firstProject ?? created.row
        try record(.created, created, at: createdAt, in: store, run.context)
        try advance(created, in: store, run.context)
        run.summary.written += 1
        run.summary.add(\.creditsGranted, creditsUsed)
        run.summary.count(self, deadline: deadline(status, terms, run.context.limits), now: run.context.now)
        return nil
    }

    private func bringCredits(
        to account: Account, in store: WriteTransaction, _ context: CallContext
    ) throws(RPCError) {
        guard creditsUsed > 0 else { return }
        let reason = "import of project \(id)"
        _ = try store.post(
            NewEntry(account: account, kind: .adjustment, credits: creditsUsed, reason: reason), at: context.now)
        try store.record(
            NewEvent(.adjusted, of: account, credits: creditsUsed, detail: "\(creditsUsed) credits: \(reason)"),
            by: context.caller, at: context.now)
    }

    /// Brings the project from pending to its status.
    private func advance(
        _ project: StoredProject, in store: WriteTransaction, _ context: CallContext
    ) throws(RPCError) {
        let deadline = deadline(status, project.terms, context.limits)
        switch status {
        case .pending:
            if updatedAt > createdAt { try store.renew(project, deadline: deadline, at: updatedAt) }
        case .processing:
            try store.start(project, deadline: deadline, at: updatedAt)
            try record(.processing, project, at: updatedAt, in: store, context)
        case .completed:
            try record(.processing, project, at: updatedAt, in: store, context)
            try store.finish(project, .completed, at: updatedAt)
            try record(.completed, project, at: updatedAt, in: store, context)
        case .failed:
            let message = errorMessage?.shortened(to: FailureCode.maximumMessageBytes)
            let code = FailureCode.pipelineFailed
            try store.finish(
                project, .failed(code: code, message: message ?? FailureCode.unspecifiedMessage), at: updatedAt)
            try record(.failed, project, at: updatedAt, in: store, context, errorCode: code)
        }
    }

    private func deadline(_ status: Status, _ terms: Terms, _ limits: Limits) -> Timestamp? {
        terms.deadline(status, createdAt: createdAt, lastReport: updatedAt, limits: limits)
    }

    private func record(
        _ kind: Event.Kind, _ project: StoredProject, at time: Timestamp, in store: WriteTransaction,
        _ context: CallContext, errorCode: String? = nil
    ) throws(RPCError) {
        try store.record(
            NewEvent(kind, of: project, detail: "imported", errorCode: errorCode), by: context.caller, at: time)
    }

    /// An imported project is skipped, also if its status has changed since the import.
    private func refusal(
        _ known: StoredProject, in store: WriteTransaction, _ run: inout ImportRun
    ) throws(RPCError) -> RowRefusal? {
        if let first = run.firstProject, known.row >= first { return .twice("id") }
        guard case .project(let earlier) = try store.request(of: userId, key: ImportRun.key(id)),
            earlier.row == known.row
        else {
            return RowRefusal("id", "is the external id of project \(known.project.projectId), which was not imported")
        }
        guard known.project.creditsUsed == creditsUsed else {
            return RowRefusal(
                "creditsUsed", "is \(creditsUsed), and was imported before with \(known.project.creditsUsed)")
        }
        run.summary.alreadyImported += 1
        return nil
    }
}
