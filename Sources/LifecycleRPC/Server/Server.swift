internal import LifecycleCore
internal import NIOCore
internal import NIOPosix

/// Accepts connections on the one event loop and hands them to the hub. Any thread.
final class Server: Sendable {
    private let eventLoop: any EventLoop
    private let hub: NIOLoopBound<Hub>
    private let channel: any Channel

    /// Adopts the listener. Nobody is accepted before `startAccepting`.
    init(
        _ listener: Listener, hub: NIOLoopBound<Hub>, roles: RoleMap, limits: Limits, on eventLoop: any EventLoop
    ) async throws {
        self.eventLoop = eventLoop
        self.hub = hub
        let unsent = limits.maximumUnsentBytes
        channel = try await ServerBootstrap(group: eventLoop)
            .serverChannelOption(.autoRead, value: false)
            // Of those who wait to be accepted at a time: who comes behind a hundred shall not wait for as many turns.
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelOption(.autoRead, value: false)
            // What is read in one round is worked off before the next: small rounds share the loop fairly.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            // NIO keeps a buffer of the last size for each connection: an idle one shall not keep the greatest.
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: 16_384)
            )
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: unsent / 4, high: unsent))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let caller = roles.caller(try PeerCredentials(of: channel))
                    try channel.pipeline.syncOperations.addHandler(hub.value.handler(for: caller))
                }
            }
            .withBoundSocket(listener.descriptor).get()
        listener.restoreBacklog()
    }

    /// Signals are caught by then: whoever was answered must be answered to the end.
    func startAccepting() { channel.setOption(.autoRead, value: true).whenFailure { _ in } }

    /// No connection is accepted any more; what waits in the kernel's queue starts the next daemon. At once when called
    /// on the event loop, so that nobody slips in between.
    func stopAccepting() { channel.close(promise: nil) }

    /// Calls back when the listener was closed, by `stopAccepting` or because the kernel gave up on it.
    func whenDeaf(_ callback: @escaping @Sendable () -> Void) {
        channel.closeFuture.whenComplete { _ in callback() }
    }

    /// Answers what was read and closes all connections, by force at the first time. Leaves an event loop behind that has
    /// not done that by the second. Neither waits for it, which may have much to do.
    /// - Returns: whether the event loop has done it.
    func drain(until time: ContinuousClock.Instant, orLeaveAt last: ContinuousClock.Instant) async -> Bool {
        let (eventLoop, hub) = (eventLoop, hub)
        let (ends, done) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingOldest(1))
        eventLoop.execute {
            hub.value.onIdle = { done.yield(true) }
            hub.value.drain()
        }
        let force = Task {
            try await Task.sleep(until: time, clock: .continuous)
            eventLoop.execute {
                hub.value.closeAll()
                done.yield(true)
            }
            try await Task.sleep(until: last, clock: .continuous)
            done.yield(false)
        }
        defer { force.cancel() }
        for await isDone in ends { return isDone }
        return false
    }
}
