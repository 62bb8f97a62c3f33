/// Cancels a project. A pending or paused project, on which no pipeline works, fails at once and is refunded. For a
/// project that is processing, the pipeline learns of the request by its next heartbeat and then reports the outcome.
/// If it does not report, the lease ends the project.
///
/// Errors: `projectNotFound`, `terminalState` (the project is completed).
public struct CancelProject: Sendable {
    public var projectId: ProjectID

    public init(projectId: ProjectID) { self.projectId = projectId }

    public struct Response: Sendable {
        public var project: Project
        /// false if the project was already cancelled or failed, or its cancellation was already requested.
        public var changed: Bool
        /// The credits that the failure of the project gave back. 0 while the pipeline has not answered.
        public var creditsRefunded: Int64
        public var balance: Balance
    }
}

extension CancelProject: WriteMethod {
    package static let name = "cancelProject"
    package static let summary = "Cancel a project: at once while it is pending or paused, else by asking its pipeline."
    package static let roles: [Role] = [.app]
    package static let errors: [ErrorKind] = [.projectNotFound, .terminalState]
    package static let worksOnFullDisk = true
    package static var blank: Self { Self(projectId: .blank) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("projectId", &projectId, "The project.")
    }

    package var isRepeatable: Bool { true }

    package var subject: CallSubject { CallSubject(project: .projectID(projectId)) }

    package func run(in store: WriteTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let stored = try store.existingProject(.projectID(projectId))
        var changed = false
        switch stored.project.status {
        case .pending:
            try fail(stored, "cancelled before it began", in: store, context)
            changed = true
        case .processing where stored.project.pausedUntil != nil:
            try fail(stored, "cancelled while it was paused", in: store, context)
            changed = true
        case .processing:
            if !stored.project.cancelRequested {
                try store.requestCancel(of: stored, at: context.now)
                try store.record(NewEvent(.cancelRequested, of: stored), by: context.caller, at: context.now)
                changed = true
            }
        case .completed: throw .alreadyCompleted(stored.project)
        case .failed: break
        }
        let project = try store.existingProject(.projectID(projectId)).project
        return Response(
            project: project, changed: changed, creditsRefunded: project.creditsRefunded,
            balance: try store.balance(of: project.userId))
    }

    private func fail(
        _ stored: StoredProject, _ message: String, in store: WriteTransaction, _ context: CallContext
    ) throws(RPCError) {
        try store.finish(stored, .failed(code: FailureCode.cancelled, message: message), at: context.now)
        try store.record(
            NewEvent(.failed, of: stored, errorCode: FailureCode.cancelled), by: context.caller, at: context.now)
    }
}

extension CancelProject.Response: Message {
    package static let title: String? = "CancelProjectResult"
    package static let note = "What the cancellation has changed."
    package static var blank: Self { Self(project: .blank, changed: false, creditsRefunded: 0, balance: .blank) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("project", &project, "The project, as it is now.")
        try fields.required("changed", &changed, "false: nothing was left to do.")
        try fields.required("creditsRefunded", &creditsRefunded, .amount, "What its failure gave back; else 0.")
        try fields.required("balance", &balance, "The user's credits afterwards.")
    }
}
