internal import LifecycleCore
internal import NIOCore
internal import NIOPosix

/// Accepts connections on the event loop and passes them to the hub. Any thread may call it.
final class Server: Sendable {
    private let eventLoop: any EventLoop
    private let hub: NIOLoopBound<Hub>
    private let channel: any Channel

    /// Adopts the listener. No connection is accepted before `startAccepting`.
    init(
        _ listener: Listener, hub: NIOLoopBound<Hub>, roles: RoleMap, limits: Limits, on eventLoop: any EventLoop
    ) async throws {
        self.eventLoop = eventLoop
        self.hub = hub
        let unsent = limits.maximumUnsentBytes
        channel = try await ServerBootstrap(group: eventLoop)
            .serverChannelOption(.autoRead, value: false)
            // The number of connections that are accepted at a time. With 1, the hundredth would wait for 100 turns.
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelOption(.autoRead, value: false)
            // One read at a time for each connection, so that connections share the event loop fairly.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            // NIO keeps a buffer of the last size for each connection. The limit keeps idle connections small.
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

    /// Must be called after signals are handled, so that a stop answers every request that was read.
    func startAccepting() { channel.setOption(.autoRead, value: true).whenFailure { _ in } }

    /// Stops accepting connections. Connections in the kernel's queue start the next daemon. If it is called on the
    /// event loop, it takes effect before any other event.
    func stopAccepting() { channel.close(promise: nil) }

    /// Calls back when the listener is closed, by `stopAccepting` or by an error.
    func whenListenerCloses(_ callback: @escaping @Sendable () -> Void) {
        channel.closeFuture.whenComplete { _ in callback() }
    }

    /// Answers all input and closes all connections.
    /// - Parameters:
    ///   - time: connections that are still open then are closed without waiting for their answers.
    ///   - last: the function returns then at the latest, also if the event loop does not run.
    /// - Returns: whether all connections are closed.
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
