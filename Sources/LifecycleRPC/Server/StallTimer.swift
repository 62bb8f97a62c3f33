internal import NIOCore

/// Closes a connection whose peer reads nothing while replies wait. It runs only while the channel is not writable.
struct StallTimer {
    private let interval: TimeAmount
    private var task: RepeatedTask?

    init(seconds: Int64) { interval = .seconds(seconds) }

    /// Checks in each interval whether the peer has read anything since the last check.
    /// - Parameter whenStalled: called before the connection is closed.
    mutating func start(on context: ChannelHandlerContext, whenStalled: @escaping () -> Void) {
        guard task == nil else { return }
        let channel = context.channel
        let whenStalled = NIOLoopBound(whenStalled, eventLoop: context.eventLoop)
        let before = NIOLoopBoundBox(Self.unsent(channel), eventLoop: context.eventLoop)
        task = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let now = Self.unsent(channel)
            if now >= before.value {
                whenStalled.value()
                channel.close(promise: nil)
            }
            before.value = now
        }
    }

    mutating func stop() {
        task?.cancel()
        task = nil
    }

    private static func unsent(_ channel: any Channel) -> Int {
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
