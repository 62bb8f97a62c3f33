internal import LifecycleCore
internal import NIOCore

/// What a connection gets beside its replies: the events, and what else a call does to it.
extension ConnectionHandler {
    /// Event bytes of one round, so that the others' come between.
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

    /// The reply to the request comes first: events are written in rounds of their own.
    func watch(_ filter: EventFilter, after position: Int64) {
        guard context != nil else { return }
        watcher = Watcher(filter, after: position)
        hub.watch(self)
    }

    /// Asks for a round if there is something to get, and it can be sent: not within a batch.
    func wantEvents() {
        guard let watcher, !watcher.awaitsPage, canSendEvents, !hub.feed.hasAll(watcher) else { return }
        hub.feed.want(self, watcher)
    }

    private var canSendEvents: Bool {
        !isClosing && !replies.isInBatch && context?.channel.isWritable == true
    }

    /// Its part of a round.
    func sendEvents() {
        guard let watcher, let context, canSendEvents else { return }
        hub.feed.write(to: &replies, of: self, watcher, atMost: Self.eventBytesPerRound)
        if !replies.isEmpty { send(to: context, promise: nil) }
        closeIfOver(context)
        wantEvents()
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

/// By identity.
extension ConnectionHandler: Hashable {
    static func == (one: ConnectionHandler, other: ConnectionHandler) -> Bool { one === other }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
