package import LifecycleCore

/// Called once when the watch has begun, with the number of the newest event.
package typealias BeginHandler = @Sendable (_ seq: Int64) -> Void

/// The source of the events of one watch: a socket, or a daemon within this process. Any thread may call it.
package protocol EventSource: Sendable {
    /// Waits for the next event. Only one task may wait at a time. `nil` if the watch has ended without an error: it or
    /// the waiting task was cancelled, or the client was closed.
    func next() async throws(ClientError) -> Event?
    /// Ends the watch and discards the events that were not taken.
    func cancel()
}
