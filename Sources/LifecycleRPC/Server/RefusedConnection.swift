internal import LifecycleCore
internal import NIOCore

/// A connection that is one too many: tells its peer why, and goes.
///
/// Closing at once would lose the line for a peer that writes first: its write fails before it reads. So the input stays
/// open, and is thrown away, until the peer has closed or a second is over. Not when many wait so already: whoever opens
/// connections faster than they go would take all descriptors, and nobody could be admitted.
final class RefusedConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let patience = TimeAmount.seconds(1)
    /// That wait at a time.
    static let most = 64
    private let reason: RPCError
    private let hub: Hub
    private var goodbye: Scheduled<Void>?

    init(_ reason: RPCError, hub: Hub) {
        self.reason = reason
        self.hub = hub
    }

    func channelActive(context: ChannelHandlerContext) {
        var reply = ReplyWriter(limit: .max)
        reply.write(.failure(reason), to: .null)
        let channel = context.channel
        let mayStay = hub.goodbyes < Self.most
        if mayStay {
            // Before the writing, which ends the connection when the peer has gone.
            hub.goodbyes += 1
            goodbye = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
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
        guard let goodbye else { return }
        goodbye.cancel()
        hub.goodbyes -= 1
    }
}
