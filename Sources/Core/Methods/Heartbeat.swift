/// A heartbeat of a pipeline: renews the lease of a project that is processing. It never revives a project that has
/// ended. The answer says what became of the project, so that the pipeline can stop.
///
/// Errors: `projectNotFound`. A pause can also cause `invalidTransition` (the project is pending) and
/// `amountOutOfRange` (the project may not be paused for that long). A heartbeat is on disk within 1 second, not when
/// it is answered. A pause and its end are on disk when they are answered.
public struct Heartbeat: Sendable {
    public var projectId: ProjectID?
    public var externalId: String?
    /// From 0 to 1. `nil` leaves it as it was.
    public var progress: Double?
    /// What the pipeline is doing, for people. `nil` leaves it as it was.
    public var message: String?
    /// true attaches the lease to this connection. If the connection ends without a verdict, the project fails with the
    /// code `crashed` after the detach grace. false detaches the lease. `nil` leaves it as it was.
    public var attach: Bool?
    /// Pauses the project for this many seconds, in which the pipeline will not report. The pause ends with the next
    /// heartbeat or report. If neither comes, the project fails at the latest one lease after the end of the pause. A
    /// pause detaches the lease. `nil` ends a pause.
    public var pause: Int64?

    public init(
        projectId: ProjectID? = nil, externalId: String? = nil, progress: Double? = nil, message: String? = nil,
        attach: Bool? = nil, pause: Int64? = nil
    ) {
        self.projectId = projectId
        self.externalId = externalId
        self.progress = progress
        self.message = message
        self.attach = attach
        self.pause = pause
    }

    public struct Response: Sendable {
        public var status: Status
        /// When the daemon fails and refunds the project if no further heartbeat or report arrives. `nil` if the
        /// project has ended.
        public var deadline: Timestamp?
        /// The app wants to cancel the project. Report `failed` with the code `cancelled`, or `completed` if the work
        /// is done.
        public var cancelRequested: Bool
        /// The end of the pause, before which no report is needed. `nil` if the project is not paused. A project with a
        /// requested cancellation cannot be paused.
        public var pausedUntil: Timestamp?
    }
}

extension Heartbeat: WriteMethod, ProjectMethod {
    package static let name = "heartbeat"
    package static let summary = "A sign of life: renews the lease, and learns whether to stop."
    package static let roles: [Role] = [.agent]
    package static let errors: [ErrorKind] = [.projectNotFound, .amountOutOfRange, .invalidTransition]
    package static let worksOnFullDisk = true
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try visitReference(&fields)
        try fields.optional("progress", &progress, .part, "How far it is, 0 to 1; as before when absent.")
        try fields.optional("message", &message, .text(0...1024), "What it does, for people; as before when absent.")
        try fields.optional("attach", &attach, "true ties the lease to this connection, false unties it.")
        try fields.optional("pause", &pause, .pause, "Seconds in which nobody will report.")
    }

    package func validate() throws(RPCError) {
        _ = try reference
        if let progress, !(0...1).contains(progress) { throw .invalidParams("progress", "must be from 0 to 1") }
        if pause != nil, attach == true { throw .invalidParams("attach", "does not go with pause") }
    }

    package var isRepeatable: Bool { true }

    package var subject: CallSubject { CallSubject(project: try? reference) }

    package func run(in store: WriteTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let known = try store.existingProject(reference)
        let project = known.project
        guard !project.status.isTerminal else {
            return Response(status: project.status, deadline: nil, cancelRequested: project.cancelRequested)
        }
        let now = context.now
        let stored: StoredProject
        if let pause, !project.cancelRequested {
            stored = try Pause.begin(known, for: pause, in: store, context)
        } else {
            stored = try Pause.end(known, in: store, context)
        }
        // A pending project has no lease to renew. If a lease holder has come back, the project gets the deadline again
        // that it had before the detach.
        var deadline = project.deadline
        if project.status == .processing || stored.isDetached {
            deadline = stored.deadline(lastReport: now, limits: context.limits)
        }
        if stored.isDetached { try store.renew(stored, deadline: deadline, at: now) }
        try store.beat(stored, Beat(progress: progress, message: message, deadline: deadline, at: now))
        if let attach { store.affect(attach ? .attach(project.projectId) : .detach(project.projectId)) }
        return Response(
            status: project.status, deadline: deadline, cancelRequested: project.cancelRequested,
            pausedUntil: stored.project.pausedUntil)
    }
}

extension Heartbeat.Response: Message {
    package static let title: String? = "HeartbeatResult"
    package static let note = "Where the project is, and whether to stop."
    package static var blank: Self { Self(status: .pending, cancelRequested: false) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("status", &status, "Where the project is.")
        try fields.optional("deadline", &deadline, "When the daemon fails and refunds it if nothing more is heard.")
        try fields.required("cancelRequested", &cancelRequested, "The app wants it cancelled.")
        try fields.optional("pausedUntil", &pausedUntil, "Until then nobody need report; absent when it is not paused.")
    }
}
