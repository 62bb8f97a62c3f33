internal import CMemory
internal import NIOCore

/// Gives memory back to the kernel when there was no connection for 1 second. A daemon with unfinished projects may be
/// idle for days, and needs neither the pages of its last reads nor the code of its start. Not `Sendable`: only the
/// event loop uses it.
final class RestingMemory {
    /// Long enough that a caller which opens a connection for each request does not cause it each time.
    private static let pause = TimeAmount.seconds(1)

    private let eventLoop: any EventLoop
    private let reader: Reader
    private var task: Scheduled<Void>?

    init(eventLoop: any EventLoop, reader: Reader) {
        self.eventLoop = eventLoop
        self.reader = reader
    }

    /// The last connection has ended.
    func begin() {
        task?.cancel()
        task = eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.reader.giveBackMemory()
            lifecycle_give_back_memory()
        }
    }

    /// There is a new connection.
    func end() {
        task?.cancel()
        task = nil
    }
}
