/// Tells this connection of every event, those after `fromSeq` first, then each new one, in commit order and without a
/// gap. A connection has one watch: a second replaces the first.
///
/// Errors: `projectNotFound`; `invalidParams` for a `fromSeq` that is newer than the newest event, as after a restore of
/// an older ledger: what follows would not be what the caller has missed.
public struct Watch: Sendable {
    /// The last event that the caller has: those after it follow. 0: all; absent: what comes from now on.
    public var fromSeq: Int64?
    public var userId: String?
    public var projectId: ProjectID?

    public init(fromSeq: Int64? = nil, userId: String? = nil, projectId: ProjectID? = nil) {
        self.fromSeq = fromSeq
        self.userId = userId
        self.projectId = projectId
    }

    public struct Response: Sendable {
        /// The newest event of all at this moment, 0 when there is none.
        public var seq: Int64
    }
}

extension Watch: ReadMethod {
    package static let name = "watch"
    package static let summary = "Get every event on this connection, from one on or from now on."
    package static let roles = [Role].any
    package static let errors: [ErrorKind] = [.projectNotFound, .invalidParams]
    package static let cost = ReadCost.point
    package static let actsUnheard = true
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.optional(
            "fromSeq", &fromSeq, .range(0...Limits.largestInteger), "The last event that the caller has; 0 for all.")
        try fields.optional("userId", &userId, .userID, "Only this user's.")
        try fields.optional("projectId", &projectId, "Only this project's.")
    }

    package func run(in store: any ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        if let projectId { _ = try store.existingProject(.projectID(projectId)) }
        let newest = try store.newestSeq()
        let position = fromSeq ?? newest
        guard position <= newest else {
            throw .invalidParams("fromSeq", "is \(position), and the newest event is \(newest)")
        }
        store.affect(.watch(EventFilter(userId: userId, projectId: projectId), after: position))
        return Response(seq: newest)
    }
}

extension Watch.Response: Message {
    package static let title: String? = "WatchResult"
    package static let note = "Where the watch begins; the events follow as notifications."
    package static var blank: Self { Self(seq: 0) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("seq", &seq, .count, "The newest event of all at this moment; 0 when there is none.")
    }
}

/// How an event comes to who watches: a notification of the daemon's.
extension Event {
    package static let notificationMethod: StaticString = "event"

    /// Writes the line, without its LF.
    package func writeNotification(to json: inout JSONWriter) {
        json.beginEnvelope()
        json.key("method")
        json.string(Self.notificationMethod)
        json.key("params")
        write(to: &json)
        json.endObject()
    }
}

extension EventFilter {
    /// - Parameter event: its user and, if it is about one, its project.
    package func matches(userId user: String, projectId project: ProjectID?) -> Bool {
        if let projectId, projectId != project { return false }
        if let userId, !userId.hasSameBytes(as: user) { return false }
        return true
    }
}
