internal import NIOCore

/// Closes a connection whose peer takes nothing of what waits for it. Runs only while the channel is not writable.
struct StallTimer {
    private let interval: TimeAmount
    private var task: RepeatedTask?

    init(seconds: Int64) { interval = .seconds(seconds) }

    /// Looks once an interval whether the peer has taken anything since the last look.
    /// - Parameter whenStalled: told before the connection is closed.
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
