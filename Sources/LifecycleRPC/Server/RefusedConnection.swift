internal import LifecycleCore
internal import NIOCore

/// A connection that is one too many: tells its peer why, and goes.
///
/// Closing at once would lose the line for a peer that writes first: its write fails before it reads. So the input stays
/// open, and is thrown away, until the peer has closed or a second is over.
final class RefusedConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let patience = TimeAmount.seconds(1)
    private let reason: RPCError
    private var goodbye: Scheduled<Void>?

    init(_ reason: RPCError) { self.reason = reason }

    func channelActive(context: ChannelHandlerContext) {
        var reply = ReplyWriter(limit: .max)
        reply.write(.failure(reason), to: .null)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply.take())), promise: nil)
        context.close(mode: .output, promise: nil)
        goodbye = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func channelReadComplete(context: ChannelHandlerContext) { context.read() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) { goodbye?.cancel() }
}
