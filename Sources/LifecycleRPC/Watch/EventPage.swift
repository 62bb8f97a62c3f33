internal import LifecycleCore

/// Events read from the database for one watcher that is too far behind for the ring.
struct EventPage: Sendable {
    /// Lines, the last one without its LF; empty when no event of the page matches.
    let text: [UInt8]
    /// The last event in `text`.
    let last: Int64?
    /// Of the events up to this one, all that match are in the page or came before it.
    let end: Int64

    /// Events of a page. Few enough that lists, which the same threads make, do not wait for long.
    private static let maximumEvents = 256
    /// Beyond it the page ends: a watcher that does not read keeps one.
    private static let maximumBytes = 65_536

    init(_ filter: EventFilter, after position: Int64, in store: any ReadTransaction) throws(RPCError) {
        // Both are of one snapshot: what comes after `newest` is not among the events.
        let newest = try store.newestSeq()
        let events = try store.events(filter, after: position, limit: Self.maximumEvents)
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
