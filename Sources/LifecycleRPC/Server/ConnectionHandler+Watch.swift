internal import LifecycleCore
internal import NIOCore

/// The events that a connection gets beside its replies.
extension ConnectionHandler {
    /// Event bytes of one turn, so that replies and other connections come between.
    private static let eventBytesPerTurn = 65_536

    /// The reply to the request comes first: events are written when the turn's steps are done, and never within a batch.
    func watch(_ filter: EventFilter, after position: Int64) {
        guard context != nil else { return }
        watcher = Watcher(filter, after: position)
        hub.watch(self)
    }

    /// - Returns: whether there is more at once.
    func writeEvents() -> Bool {
        guard let watcher, !replies.isInBatch else { return false }
        return hub.feed.write(to: &replies, of: self, watcher, atMost: Self.eventBytesPerTurn)
    }

    /// Follows what is about to be sent, so that it is known how far the peer has got.
    func noteEventsSent(on eventLoop: any EventLoop, _ promise: EventLoopPromise<Void>?) -> EventLoopPromise<Void>? {
        guard let watcher, watcher.lastWritten > watcher.lastSent else { return promise }
        let promise = promise ?? eventLoop.makePromise(of: Void.self)
        let seq = watcher.lastWritten
        promise.futureResult.assumeIsolated().whenSuccess { watcher.lastSent = max(watcher.lastSent, seq) }
        return promise
    }

    func logStalledWatcher() {
        guard let watcher else { return }
        hub.logStalledWatcher(caller, lastSent: watcher.lastSent)
    }
}
