internal import CMemory
internal import NIOCore

/// Gives memory back when nobody has been connected for a moment: a daemon with unfinished projects may stay for days, and
/// needs at rest neither the pages that the last readers asked for nor the code of its start. Not `Sendable`: the event
/// loop's own.
final class RestingMemory {
    /// Callers who open a connection for each request shall not find it gone each time.
    private static let pause = TimeAmount.seconds(1)

    private let eventLoop: any EventLoop
    private let reader: Reader
    private var task: Scheduled<Void>?

    init(eventLoop: any EventLoop, reader: Reader) {
        self.eventLoop = eventLoop
        self.reader = reader
    }

    /// Nobody is connected.
    func begin() {
        task?.cancel()
        task = eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.reader.giveBackMemory()
            lifecycle_give_back_memory()
        }
    }

    /// Somebody has come.
    func end() {
        task?.cancel()
        task = nil
    }
}
