internal import LifecycleCore
internal import LifecycleWire
internal import NIOCore

/// One connection: reads lines, has them carried out in order, and sends the answers. Only the hub's event loop uses
/// it.
///
/// It reads only while it has little left to start and its peer takes the replies. So its memory is bounded by one
/// line, one read, the requests of that line, a fixed number of writes that wait for their commit, `maximumUnsentBytes`
/// and one reply.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let caller: Caller
    let hub: Hub
    /// Set while the connection watches.
    var watcher: Watcher?
    private var framer: LineFramer
    private var sequence: RequestSequence
    var replies: ReplyWriter
    private(set) var context: ChannelHandlerContext?
    /// The connection waits for a turn. Only the hub changes it.
    var isScheduled = false
    /// The peer has closed its sending side.
    private var isInputClosed = false
    /// The daemon is stopping: the connection answers what it has read, and reads nothing more.
    private(set) var isDraining = false
    private var hasRead = false
    /// Some of the input is not started yet: it waits for a turn, or until the peer takes replies.
    private var hasMore = false
    private(set) var isClosing = false
    private var isReading = false
    private lazy var stall = StallTimer(seconds: hub.limits.stallTimeout)

    private static let minimumSteps = 16
    /// The connection reads more only while fewer input bytes than this wait.
    private static let readAheadBytes = 4096

    init(caller: Caller, hub: Hub) {
        self.caller = caller
        self.hub = hub
        framer = LineFramer(maximumLineBytes: hub.limits.maximumLineBytes)
        let dispatcher = hub.dispatcher
        sequence = RequestSequence { dispatcher.call($0, from: caller) }
        replies = ReplyWriter(limit: hub.limits.maximumReplyBytes)
    }

    // MARK: Calls from NIO

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        hub.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) { hub.remove(self) }

    func channelActive(context: ChannelHandlerContext) { hub.schedule(self) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        framer.append(&buffer)
        (hasRead, hasMore) = (true, true)
        isDraining = isDraining || hub.isDraining
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        hub.schedule(self)
        // At once if little input waits: to stop and restart NIO's listening costs two system calls for each request.
        if framer.bufferedBytes <= Self.readAheadBytes { readIfWanted() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .some(.inputClosed) = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        isInputClosed = true
        hasMore = true  // There may be a last line without LF.
        hub.schedule(self)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if !context.channel.isWritable {
            startStallTimer(context)
        } else if !isClosing {
            stall.stop()
            hub.schedule(self)
        }
    }

    /// Requests that were read are carried out also if the peer has gone. Only their answers are lost.
    func channelInactive(context: ChannelHandlerContext) {
        stall.stop()
        self.context = nil
        watcher = nil
        hub.schedule(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: Calls from the hub

    /// The minimum time of the next step in nanoseconds: parsing takes about 3 ns for each byte of the line.
    var expectedCost: Int64 { sequence.wantsWork ? Int64(framer.bufferedBytes) &* 3 : 0 }

    /// Starts requests and sends answers until `time`, or for 16 steps if they take longer, so that turns do not cost
    /// more than requests on a slow machine. It starts no step after `last`.
    func work(until time: NIODeadline, orAtLast last: NIODeadline) {
        let hadMore = hasMore
        hasMore = takeSteps(until: time, orAtLast: last)
        defer { if isIdle, hadMore || context == nil { hub.finished(self) } }
        guard let context else {
            _ = replies.take()
            if hasMore { hub.schedule(self) }
            return
        }
        // Read before sending: if the send fails, NIO then still delivers the input that the peer has sent.
        if !hasMore { readIfWanted() }
        if !replies.isEmpty { send(to: context, promise: nil) }
        if hasMore {
            // If the channel is not writable, the connection is scheduled when it becomes writable.
            if context.channel.isWritable { hub.schedule(self) }
        } else {
            closeIfOver(context)
        }
        wantEvents()
    }

    func closeIfOver(_ context: ChannelHandlerContext) { if isOver { closeWhenSent(context) } }

    /// All input is answered.
    var isIdle: Bool { sequence.isIdle && !hasMore }

    /// Nothing has to be sent any more. A watcher is done when the daemon stops and there are no writes left.
    private var isOver: Bool {
        guard isIdle, isInputClosed || isDraining else { return false }
        guard let watcher else { return true }
        return isDraining && hub.isQuiet && hub.feed.hasAll(watcher)
    }

    /// - Returns: whether there may be more steps, because the time is over or too many bytes wait to be sent.
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
        } while now < time || (steps < Self.minimumSteps && now < last)
        return true
    }

    /// Takes the outcome of the request with this ticket.
    func finish(_ ticket: Int, with outcome: RequestSequence.Outcome, _ effects: [ConnectionEffect] = []) {
        sequence.finish(ticket, with: outcome)
        apply(effects)
        hub.schedule(self)
    }

    /// Answers the input, then closes. A connection without input gets 250 ms: its first request may be on the way.
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
            if let step = sequence.next(hasPeer: context != nil) { return step }
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
            case .answered(let outcome, let effects) where hub.mayHaveReadUndurable:
                hub.finish(self, sequence.awaitAnswer(to: call), with: outcome, effects)
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

    /// Closes after a last write, because closing at once would discard bytes that the socket has not taken yet.
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
