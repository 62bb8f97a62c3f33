/// A pipeline's report. The first verdict wins: `completed` captures the credits and `failed` refunds them. A later
/// report that contradicts the verdict is written to the history and answered with `terminalState`.
///
/// Errors: `projectNotFound`, `invalidTransition`, `terminalState`, `idempotencyConflict` (the project has another
/// externalId).
public struct UpdateStatus: Sendable {
    public var projectId: ProjectID?
    /// The upstream's id. It names the project if `projectId` is `nil`. Otherwise it is recorded for the project.
    public var externalId: String?
    public var status: Status
    public var errorMessage: String?
    public var errorCode: String?

    public init(
        projectId: ProjectID? = nil, externalId: String? = nil, status: Status, errorMessage: String? = nil,
        errorCode: String? = nil
    ) {
        self.projectId = projectId
        self.externalId = externalId
        self.status = status
        self.errorMessage = errorMessage
        self.errorCode = errorCode
    }

    public struct Response: Sendable {
        public var project: Project
        /// false if the project was already in this state.
        public var changed: Bool
        /// The credits that the failure of the project gave back, also if the failure is reported again. 0 if the
        /// project did not fail.
        public var creditsRefunded: Int64
        public var balance: Balance
    }
}

extension UpdateStatus: WriteMethod, ProjectMethod {
    package static let name = "updateStatus"
    package static let summary = "Report what became of a project; a failure gives its credits back."
    package static let roles: [Role] = [.agent, .app]
    package static let errors: [ErrorKind] = [
        .projectNotFound, .idempotencyConflict, .invalidTransition, .terminalState,
    ]
    package static let worksOnFullDisk = true
    package static var blank: Self { Self(status: .pending) }

    /// How many contradicting reports of a project are kept in its history. Further ones are only counted.
    package static let keptRefusedReports: Int64 = 100

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("status", &status, .report, "What is reported.")
        try fields.optional("projectId", &projectId, "The project; or name it by externalId.")
        try fields.optional(
            "externalId", &externalId, .externalID, "The upstream's id; recorded when given with projectId.")
        try fields.optional(
            "errorMessage", &errorMessage, "Why it failed, for people; cut after 8192 bytes of UTF-8. With failed only."
        )
        try fields.optional(
            "errorCode", &errorCode, .errorCode,
            "Why it failed, a stable word; pipelineFailed when absent. With failed only.")
    }

    package mutating func validate() throws(RPCError) {
        _ = try reference
        // Shortened here and not in `run`, so that requests that wait for the writer are not long.
        errorMessage = errorMessage?.shortened(to: FailureCode.maximumMessageBytes)
        if status != .failed, errorMessage != nil || errorCode != nil {
            throw .invalidParams(errorMessage != nil ? "errorMessage" : "errorCode", "goes with the status failed only")
        }
        if let errorCode, FailureCode.reserved.contains(errorCode) {
            throw .invalidParams("errorCode", "\(errorCode) is the daemon's own word")
        }
    }

    /// The report names the final status and the first verdict wins, so a repeated report does no harm and needs no
    /// key.
    package var isRepeatable: Bool { true }

    package var subject: CallSubject { CallSubject(project: try? reference) }

    package func run(in store: WriteTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let stored = try store.existingProject(reference)
        let newExternalID = try unrecordedExternalID(of: stored, in: store)

        let decision = Lifecycle.decide(from: stored.project.status, report: status)
        switch decision {
        case .invalid:
            throw .invalidTransition(from: stored.project.status, to: status)
        case .contradicted:
            try refuse(stored, in: store, context)
        case .alreadySo, .start, .renew, .finish:
            if let newExternalID {
                try store.recordExternalID(newExternalID, of: stored, at: context.now)
                try record(.externalIdRecorded, stored, in: store, context)
            }
            try apply(decision, to: try Pause.end(stored, in: store, context), in: store, context)
        }
        let now = try store.existingProject(.projectID(stored.project.projectId)).project
        return Response(
            project: now, changed: decision != .alreadySo && decision != .renew, creditsRefunded: now.creditsRefunded,
            balance: try store.balance(of: now.userId))
    }

    private func apply(
        _ decision: Lifecycle.Decision, to stored: StoredProject, in store: WriteTransaction, _ context: CallContext
    ) throws(RPCError) {
        let now = context.now
        let deadline = stored.deadline(status, lastReport: now, limits: context.limits)
        switch decision {
        case .start:
            try store.start(stored, deadline: deadline, at: now)
            try record(.processing, stored, in: store, context)
        case .renew:
            try store.renew(stored, deadline: deadline, at: now)
        case .finish(let startedToo):
            if startedToo { try record(.processing, stored, in: store, context) }
            try store.finish(stored, verdict, at: now)
            try record(
                status == .completed ? .completed : .failed, stored, in: store, context,
                errorCode: status == .failed ? failureCode : nil)
        case .alreadySo, .contradicted, .invalid:
            break
        }
    }

    private var failureCode: String { errorCode ?? FailureCode.pipelineFailed }

    private var verdict: Verdict {
        guard status == .failed else { return .completed }
        let message = (errorMessage ?? "").isEmpty ? FailureCode.unspecifiedMessage : errorMessage ?? ""
        return .failed(code: failureCode, message: message)
    }

    /// The externalId of this report, if it comes with a projectId and is not recorded yet.
    private func unrecordedExternalID(
        of stored: StoredProject, in store: WriteTransaction
    ) throws(RPCError) -> String? {
        guard projectId != nil, let externalId else { return nil }
        if let known = stored.project.externalId {
            guard known.hasSameBytes(as: externalId) else {
                throw .idempotencyConflict("The project has another externalId", differs: ["externalId"])
            }
            return nil
        }
        try store.requireUnused(externalId)
        return externalId
    }

    private func refuse(
        _ stored: StoredProject, in store: WriteTransaction, _ context: CallContext
    ) throws(RPCError) -> Never {
        if stored.refusedReports < Self.keptRefusedReports {
            let said = [status.rawValue, errorCode, errorMessage].compactMap(\.self).joined(separator: ": ")
            try record(.reportRefused, stored, in: store, context, detail: said.shortened(to: 1024))
        }
        try store.countRefusedReport(of: stored)
        throw .terminalState(stored.project)
    }

    private func record(
        _ kind: Event.Kind, _ stored: StoredProject, in store: WriteTransaction, _ context: CallContext,
        detail: String? = nil, errorCode: String? = nil
    ) throws(RPCError) {
        try store.record(
            NewEvent(kind, of: stored, detail: detail, errorCode: errorCode), by: context.caller, at: context.now)
    }
}

extension UpdateStatus.Response: Message {
    package static let title: String? = "UpdateStatusResult"
    package static let note = "What the report has changed."
    package static var blank: Self { Self(project: .blank, changed: false, creditsRefunded: 0, balance: .blank) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("project", &project, "The project, as it is now.")
        try fields.required("changed", &changed, "false: it was so already.")
        try fields.required("creditsRefunded", &creditsRefunded, .amount, "What its failure gave back; else 0.")
        try fields.required("balance", &balance, "The user's credits afterwards.")
    }
}
