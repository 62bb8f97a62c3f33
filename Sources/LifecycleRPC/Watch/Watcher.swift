internal import LifecycleCore

/// What one connection watches, and how far it has been told. Not `Sendable`: the hub's event loop's own.
final class Watcher {
    let filter: EventFilter
    /// Of the events up to this one, all that match were given to the connection.
    var position: Int64
    /// The last event that was given to the channel, or where it began.
    var lastWritten: Int64
    /// The last event that its socket has taken whole, or where it began.
    var lastSent: Int64
    /// Read from the database, not given to the connection yet.
    var page: EventPage?
    /// It is served in a round to come.
    var isDue = false
    /// A page is being read, or waits for that.
    var awaitsPage = false

    init(_ filter: EventFilter, after position: Int64) {
        self.filter = filter
        self.position = position
        lastWritten = position
        lastSent = position
    }
}
