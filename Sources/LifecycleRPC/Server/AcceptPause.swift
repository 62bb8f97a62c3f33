internal import NIOCore

/// Pauses the listener when a connection could not be accepted, usually because the process has no free descriptor. The
/// listener stays readable, so NIO would otherwise try again at once, in a busy loop.
///
/// NIO's `AcceptBackoffHandler` only delays the next read, and here the read that failed is still in progress.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let length = TimeAmount.milliseconds(20)

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let options = context.channel.syncOptions else { return }
        try? options.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.length) {
            try? options.setOption(.autoRead, value: true)
        }
    }
}
