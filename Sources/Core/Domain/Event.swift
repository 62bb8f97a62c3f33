/// One row of the history, with its caller as the kernel reported it. It never changes.
public struct Event: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case created, processing, completed, failed
        /// The upstream's id was recorded after the creation.
        case externalIdRecorded
        /// A report contradicted the first verdict, and changed nothing.
        case reportRefused
        /// The app asked to cancel the project. The pipeline still has to report the verdict.
        case cancelRequested
        case granted, adjusted
        /// Nobody reports for a time that the pipeline has named; and somebody has again.
        case paused, resumed
    }

    /// Grows with every event, in the order of the commits.
    public var seq: Int64
    public var kind: Kind
    public var at: Timestamp
    public var userId: String
    public var projectId: ProjectID?
    /// The caller: Unix user, group and process.
    public var uid: Int64
    public var gid: Int64
    public var pid: Int64
    public var detail: String?

    package init(
        seq: Int64, kind: Kind, at: Timestamp, userId: String, projectId: ProjectID? = nil, uid: Int64, gid: Int64,
        pid: Int64, detail: String? = nil
    ) {
        self.seq = seq
        self.kind = kind
        self.at = at
        self.userId = userId
        self.projectId = projectId
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.detail = detail
    }
}

extension Event.Kind: FieldWord {
    package static let title = "EventKind"
    package static var blank: Self { .created }
}

extension Event: Message {
    package static let title: String? = "Event"
    package static let note = "One row of the history, with its caller as the kernel reported it. It never changes."
    package static var blank: Event {
        Event(seq: 0, kind: .blank, at: .blank, userId: "", uid: 0, gid: 0, pid: 0)
    }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("seq", &seq, .number, "Grows with every event, in the order of the commits.")
        try fields.required("kind", &kind, "What happened.")
        try fields.required("at", &at, "When it happened (UTC).")
        try fields.required("userId", &userId, .userID, "The user whose project or credits it concerns.")
        try fields.optional("projectId", &projectId, "The project, if the event concerns one.")
        try fields.required("uid", &uid, .unixID, "The caller's Unix user id.")
        try fields.required("gid", &gid, .unixID, "The caller's Unix group id.")
        try fields.required("pid", &pid, .unixID, "The caller's process id.")
        try fields.optional("detail", &detail, "A text, for example the refused report or the reason of a grant.")
    }
}
