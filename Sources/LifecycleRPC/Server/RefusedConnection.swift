internal import LifecycleCore
internal import NIOCore

/// Refuses a connection above a limit: sends the reason and closes.
///
/// If it closed at once, a peer that writes before it reads would get a write error and not the reason. So it reads and
/// discards the input until the peer has closed or 1 second has passed. If too many refused connections are open, it
/// closes at once, because they could otherwise take all descriptors.
final class RefusedConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let timeout = TimeAmount.seconds(1)
    /// More refused connections are closed at once.
    static let maximumOpen = 64
    private let reason: RPCError
    private let hub: Hub
    private var closing: Scheduled<Void>?

    init(_ reason: RPCError, hub: Hub) {
        self.reason = reason
        self.hub = hub
    }

    func channelActive(context: ChannelHandlerContext) {
        var reply = ReplyWriter(limit: .max)
        reply.write(.failure(reason), to: .null)
        let channel = context.channel
        let mayStay = hub.openRefusals < Self.maximumOpen
        if mayStay {
            // Counted before the write, because the write ends the connection if the peer has gone.
            hub.openRefusals += 1
            closing = context.eventLoop.scheduleTask(in: Self.timeout) { channel.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply.take())), promise: nil)
        guard mayStay else { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func channelReadComplete(context: ChannelHandlerContext) { context.read() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        guard let closing else { return }
        closing.cancel()
        hub.openRefusals -= 1
    }
}
