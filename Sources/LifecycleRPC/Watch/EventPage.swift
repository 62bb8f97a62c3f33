internal import LifecycleCore

/// Events from the database for one watcher whose position is before the start of the ring.
struct EventPage: Sendable {
    /// Lines, the last one without its LF. Empty if no event of the page matches.
    let text: [UInt8]
    /// The number of the last event in `text`.
    let last: Int64?
    /// All matching events up to this number are in this page or in earlier ones.
    let end: Int64

    /// Small enough that lists, which the same threads read, do not wait long.
    private static let maximumEvents = 256
    /// A page ends at this size, because a watcher that does not read keeps one page in memory.
    private static let maximumBytes = 65_536

    init(_ filter: EventFilter, after position: Int64, in transaction: ReadTransaction) throws(RPCError) {
        // Both reads use the same snapshot, so no event is after `newest`.
        let newest = try transaction.newestSeq()
        let events = try transaction.events(filter, after: position, limit: Self.maximumEvents)
        var json = JSONWriter(capacity: 4096)
        var last: Int64?
        var isWhole = events.count < Self.maximumEvents
        for event in events {
            if json.bytes.count >= Self.maximumBytes {
                isWhole = false
                break
            }
            if last != nil { json.newline() }
            event.writeNotification(to: &json)
            last = event.seq
        }
        text = json.take()
        self.last = last
        end = isWhole ? max(position, newest) : last ?? position
    }
}
