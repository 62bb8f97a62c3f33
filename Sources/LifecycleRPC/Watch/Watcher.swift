internal import LifecycleCore

/// The filter of a connection that watches, and its progress. Not `Sendable`: only the hub's event loop uses it.
final class Watcher {
    let filter: EventFilter
    /// All matching events up to this number were given to the connection.
    var position: Int64
    /// The last event that was given to the channel, or the start of the watch.
    var lastWritten: Int64
    /// The last event that the socket has taken completely, or the start of the watch.
    var lastSent: Int64
    /// A page from the database that was not given to the connection yet.
    var page: EventPage?
    /// The watcher waits for a round.
    var isDue = false
    /// A page is being read, or waits to be read.
    var awaitsPage = false

    init(_ filter: EventFilter, after position: Int64) {
        self.filter = filter
        self.position = position
        lastWritten = position
        lastSent = position
    }
}
