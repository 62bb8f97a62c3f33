internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Calls back after the event loop has looked at its sockets once more, if a turn leaves work. A task cannot do this:
/// NIO runs tasks that tasks create before it looks at the sockets again, so no input would be read while there is
/// work. The callback is triggered by a byte in a socket pair. Not `Sendable`: only the event loop uses it.
final class NextPass: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let eventLoop: any EventLoop
    private let callback: () -> Void
    /// The end that bytes are written to. Negative if there is none.
    private var end: Int32 = -1
    private var isReady = false

    /// - Parameter callback: called on the event loop, in a task.
    init(on eventLoop: any EventLoop, callback: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.callback = callback
    }

    /// Makes the socket pair. If there is no free descriptor, `ask` uses a timer instead.
    func start() {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return }
        end = ends[0]
        let handler = NIOLoopBound(self, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
            }
            .withConnectedSocket(ends[1])
            .whenSuccess { _ in handler.value.isReady = true }
    }

    deinit {
        if end >= 0 { close(end) }
    }

    /// Must be called once for each callback.
    func ask() {
        var byte: UInt8 = 0
        if isReady, send(end, &byte, 1, Int32(MSG_NOSIGNAL)) == 1 { return }
        let callback = NIOLoopBound(callback, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: .microseconds(100)) { callback.value() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    /// Runs the callback as a task, so that all sockets that are ready are read before it.
    func channelReadComplete(context: ChannelHandlerContext) {
        eventLoop.assumeIsolated().execute { self.callback() }
    }
}
