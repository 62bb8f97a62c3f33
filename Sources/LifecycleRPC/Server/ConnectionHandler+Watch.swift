internal import LifecycleCore
internal import NIOCore

/// The events that a connection gets, and the other effects of calls on it.
extension ConnectionHandler {
    /// The maximum of event bytes for one connection in one round, so that other watchers are served in between.
    private static let eventBytesPerRound = 65_536

    func apply(_ effects: [ConnectionEffect]) {
        for effect in effects {
            switch effect {
            case .attach(let project): hub.attach(project, to: self)
            case .detach(let project): hub.detach(project, from: self)
            case .watch(let filter, let position): watch(filter, after: position)
            }
        }
    }

    /// The reply to the request is sent before the first event, because events are written in later rounds.
    func watch(_ filter: EventFilter, after position: Int64) {
        guard context != nil else { return }
        watcher = Watcher(filter, after: position)
        hub.watch(self)
    }

    /// Asks for a round if there are events to send and they can be sent. Within a batch they cannot.
    func wantEvents() {
        guard let watcher, !watcher.awaitsPage, canSendEvents, !hub.feed.hasAll(watcher) else { return }
        hub.feed.want(self, watcher)
    }

    private var canSendEvents: Bool {
        !isClosing && !replies.isInBatch && context?.channel.isWritable == true
    }

    /// Sends the connection's events of one round.
    func sendEvents() {
        guard let watcher, let context, canSendEvents else { return }
        hub.feed.write(to: &replies, of: self, watcher, atMost: Self.eventBytesPerRound)
        if !replies.isEmpty { send(to: context, promise: nil) }
        closeIfOver(context)
        wantEvents()
    }

    /// Notes when the socket has taken the events that are about to be sent, so that `lastSent` is known.
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

/// Connections are compared by identity.
extension ConnectionHandler: Hashable {
    static func == (one: ConnectionHandler, other: ConnectionHandler) -> Bool { one === other }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
