internal import LifecycleCore
internal import LifecycleWire
internal import NIOCore

/// One connection: reads lines, has them carried out in order, and sends what they answer. Lives on the hub's event loop.
///
/// It reads only when it has little left to start and its peer takes the replies. So a peer can make it hold a line, one
/// read, the requests of that line, a bounded number of writes that await their commit, `maximumUnsentBytes` and one
/// reply.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let caller: Caller
    let hub: Hub
    /// What it is told of, beside its replies.
    var watcher: Watcher?
    private var framer: LineFramer
    private var sequence: RequestSequence
    var replies: ReplyWriter
    private(set) var context: ChannelHandlerContext?
    /// Kept by the hub.
    var isScheduled = false
    /// The peer has sent all that it will.
    private var isInputClosed = false
    /// The daemon stops: what was read is answered, nothing more is read.
    private(set) var isDraining = false
    private var hasRead = false
    /// Of what was read, some is not begun: it waits for a turn, or for the peer to take replies.
    private var hasMore = false
    private(set) var isClosing = false
    private var isReading = false
    private lazy var stall = StallTimer(seconds: hub.limits.stallTimeout)

    private static let leastSteps = 16
    /// What may wait, read and not begun, when more is read.
    private static let readAheadBytes = 4096

    init(caller: Caller, hub: Hub) {
        self.caller = caller
        self.hub = hub
        framer = LineFramer(maximumLineBytes: hub.limits.maximumLineBytes)
        let dispatcher = hub.dispatcher
        sequence = RequestSequence { dispatcher.call($0, from: caller) }
        replies = ReplyWriter(limit: hub.limits.maximumReplyBytes)
    }

    // MARK: From NIO

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        hub.add(self)
    }

    /// Also when the connection ended before it became active.
    func handlerRemoved(context: ChannelHandlerContext) { hub.remove(self) }

    func channelActive(context: ChannelHandlerContext) { hub.schedule(self) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        framer.append(&buffer)
        hasRead = true
        hasMore = true
        isDraining = isDraining || hub.isDraining
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        hub.schedule(self)
        // At once while little waits: NIO would stop listening for it and begin again, two system calls a request.
        if framer.bufferedBytes <= Self.readAheadBytes { readIfWanted() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            isInputClosed = true
            hasMore = true  // A last line without LF, perhaps.
            hub.schedule(self)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if !context.channel.isWritable {
            startStallTimer(context)
        } else if !isClosing {
            stall.stop()
            hub.schedule(self)
        }
    }

    /// What was read is carried out also when its sender is gone: only the replies are lost.
    func channelInactive(context: ChannelHandlerContext) {
        stall.stop()
        self.context = nil
        watcher = nil
        hub.schedule(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: From the hub

    /// What its next step takes at least, in nanoseconds: a line that is to be read, some of them a byte.
    var expectedCost: Int64 { sequence.wantsWork ? Int64(framer.bufferedBytes) &* 3 : 0 }

    /// Starts what can be started and sends what is ready, up to the time, or for sixteen steps, if that is longer: on a slow
    /// machine the turns would else cost more than the requests. But not after the last time.
    func work(until time: NIODeadline, orAtLast last: NIODeadline) {
        let hadMore = hasMore
        hasMore = takeSteps(until: time, orAtLast: last)
        defer { if isIdle, hadMore || context == nil { hub.settled(self) } }
        guard let context else {
            _ = replies.take()
            if hasMore { hub.schedule(self) }
            return
        }
        // Before the sending: should that fail, NIO still takes what the peer sent when a read is under way.
        if !hasMore { readIfWanted() }
        if !replies.isEmpty { send(to: context, promise: nil) }
        if hasMore {
            // When the peer takes its replies, else when it has.
            if context.channel.isWritable { hub.schedule(self) }
        } else {
            closeIfOver(context)
        }
        wantEvents()
    }

    func closeIfOver(_ context: ChannelHandlerContext) { if isOver { closeWhenSent(context) } }

    /// Everything that was read is answered.
    var isIdle: Bool { sequence.isIdle && !hasMore }

    /// Nothing is left to be sent, now or later. Who watches is done when the daemon stops and nobody writes any more.
    private var isOver: Bool {
        guard isIdle, isInputClosed || isDraining else { return false }
        guard let watcher else { return true }
        return isDraining && hub.isQuiet && hub.feed.hasAll(watcher)
    }

    /// - Returns: whether there may be more to do at once: the time is over, or enough waits to be sent.
    private func takeSteps(until time: NIODeadline, orAtLast last: NIODeadline) -> Bool {
        var (steps, now) = (0, time)
        repeat {
            guard context?.channel.isWritable ?? true, replies.count < hub.limits.maximumUnsentBytes else {
                return true
            }
            guard let step = nextStep() else { return false }
            carryOut(step)
            steps += 1
            now = .now()
        } while now < time || (steps < Self.leastSteps && now < last)
        return true
    }

    /// What was started under this ticket has ended.
    func finish(_ ticket: Int, with outcome: RequestSequence.Outcome, _ effects: [ConnectionEffect] = []) {
        sequence.finish(ticket, with: outcome)
        apply(effects)
        hub.schedule(self)
    }

    /// Answer what was read, then close. Who has said nothing yet may just have come, its first request on its way.
    func drain() {
        guard !hasRead, let context, !isDraining else { return endReading() }
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(250)) { self.endReading() }
    }

    private func endReading() {
        isDraining = true
        hub.schedule(self)
    }

    func close() { context?.close(promise: nil) }

    // MARK: Requests

    private func nextStep() -> RequestSequence.Step? {
        while true {
            if let step = sequence.next(isHeard: context != nil) { return step }
            guard sequence.wantsWork, addNextLine() else { return nil }
        }
    }

    private func addNextLine() -> Bool {
        var frame = framer.next()
        if frame == nil, isInputClosed { frame = framer.finish() }
        switch frame {
        case .line(let line): sequence.add(hub.dispatcher.work(for: line, from: caller))
        case .tooLong: sequence.add(.single(.refusal(.requestTooLarge(limit: hub.limits.maximumLineBytes))))
        case nil: return false
        }
        return true
    }

    private func carryOut(_ step: RequestSequence.Step) {
        switch step {
        case .beginBatch: replies.beginBatch()
        case .endBatch: replies.endBatch()
        case .answer(let call, let outcome): answer(call, outcome)
        case .skip(let call): hub.count(call, .success { $0.null() })
        case .read(let call, let read):
            switch hub.read(read, from: caller) {
            case .answered(let outcome, let effects):
                answer(call, outcome)
                apply(effects)
            case .due(let due): hub.read(read, after: due, for: self, sequence.awaitAnswer(to: call))
            }
        case .scan(let read, let isWhole, let ticket): hub.scan(read, isWhole: isWhole, for: self, ticket)
        case .write(let call, let write, let worksOnFullDisk, let ticket):
            hub.write(write, of: call, worksOnFullDisk: worksOnFullDisk, for: self, ticket)
        }
    }

    private func answer(_ call: Dispatcher.Call, _ outcome: RequestSequence.Outcome) {
        hub.count(call, replies.write(outcome, to: call.id))
    }

    // MARK: Bytes

    func send(to context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        let promise = noteEventsSent(on: context.eventLoop, promise)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: replies.take())), promise: promise)
    }

    /// An empty write completes after all before it: closing at once would throw away what the socket has not taken.
    private func closeWhenSent(_ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        startStallTimer(context)
        let promise = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
        send(to: context, promise: promise)
    }

    private func startStallTimer(_ context: ChannelHandlerContext) {
        stall.start(on: context) { [weak self] in self?.logStalledWatcher() }
    }

    private func readIfWanted() {
        guard let context, !isReading, !isInputClosed, !isDraining, !isClosing else { return }
        guard sequence.wantsWork, context.channel.isWritable else { return }
        isReading = true
        context.read()
    }
}
