internal import NIOCore

/// Lets the listener rest for a moment when a connection could not be accepted, mostly for want of a descriptor: it stays
/// ready to be read, and NIO would try again at once, over and over.
///
/// NIO's own `AcceptBackoffHandler` only holds back the next read, and here the one that failed is still under way.
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
