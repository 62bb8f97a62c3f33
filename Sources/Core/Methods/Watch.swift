/// Sends all events on this connection in the order of the commits and without a gap: first those after `fromSeq`, then
/// each new one. A connection has one watch. A second one replaces the first.
///
/// Errors: `projectNotFound`, and `invalidParams` if `fromSeq` is greater than the newest event, for example after a
/// restore of an older ledger: the events that follow would not be those that the caller has missed.
public struct Watch: Sendable {
    /// The last event that the caller has. 0 for all events, `nil` for the events from now on.
    public var fromSeq: Int64?
    public var userId: String?
    public var projectId: ProjectID?

    public init(fromSeq: Int64? = nil, userId: String? = nil, projectId: ProjectID? = nil) {
        self.fromSeq = fromSeq
        self.userId = userId
        self.projectId = projectId
    }

    public struct Response: Sendable {
        /// The number of the newest event at this moment. 0 if there is none.
        public var seq: Int64
    }
}

extension Watch: ReadMethod {
    package static let name = "watch"
    package static let summary = "Get all events on this connection, from a given event or from now on."
    package static let roles = [Role].any
    package static let errors: [ErrorKind] = [.projectNotFound, .invalidParams]
    package static let cost = ReadCost.point
    package static let hasEffect = true
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.optional(
            "fromSeq", &fromSeq, .range(0...Limits.largestInteger),
            "The last event that the caller has; the events after it follow. 0 for all. Default: from now on.")
        try fields.optional("userId", &userId, .userID, "Only events of this user.")
        try fields.optional("projectId", &projectId, "Only events of this project.")
    }

    package func run(in transaction: ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        if let projectId { _ = try transaction.existingProject(.projectID(projectId)) }
        let newest = try transaction.newestSeq()
        let position = fromSeq ?? newest
        guard position <= newest else {
            throw .invalidParams("fromSeq", "is \(position), and the newest event is \(newest)")
        }
        transaction.affect(.watch(EventFilter(userId: userId, projectId: projectId), after: position))
        return Response(seq: newest)
    }
}

extension Watch.Response: Message {
    package static let title: String? = "WatchResult"
    package static let note = "Where the watch begins. The events follow as notifications."
    package static var blank: Self { Self(seq: 0) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("seq", &seq, .count, "The number of the newest event at this moment, 0 if there is none.")
    }
}

/// The notification that a watcher gets.
extension Event {
    package static let notificationMethod: StaticString = "event"

    /// Writes the line without its LF.
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
    /// - Parameter project: `nil` if the event does not concern a project.
    package func matches(userId user: String, projectId project: ProjectID?) -> Bool {
        if let projectId, projectId != project { return false }
        if let userId, !userId.hasSameBytes(as: user) { return false }
        return true
    }
}
