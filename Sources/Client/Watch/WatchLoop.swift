internal import LifecycleCore
internal import LifecycleSystem

/// The loop of a `WatchThread`. It connects the watches, and reads for those that have room.
struct WatchLoop {
    private let thread: WatchThread
    private let pipe: WakePipe
    private var connections: [WatchConnection] = []
    private var chunk = [UInt8](repeating: 0, count: 65_536)

    init(_ thread: WatchThread, _ pipe: WakePipe) {
        self.thread = thread
        self.pipe = pipe
    }

    /// Returns when no watch is left.
    mutating func run() {
        SystemThread.setName("lifecycle-watch")
        while let (new, isClosed) = thread.takeNew(isNeeded: !connections.isEmpty) {
            connections += new.map { WatchConnection($0, thread.configuration, thread.telemetry) }
            if isClosed {
                for connection in connections { connection.watch.finish(.success(nil)) }
            }
            connections.removeAll { $0.watch.isEnded }
            let now = ContinuousClock.now
            for index in connections.indices { connections[index].advance(to: now) }
            connections.removeAll { $0.watch.isEnded }
            if !connections.isEmpty { waitAndRead() }
        }
    }

    private mutating func waitAndRead() {
        let readable = connections.indices.filter { connections[$0].wantsRead }
        let ready = pipe.wait(
            until: connections.compactMap(\.nextEvent).min(),
            orReadable: readable.compactMap { connections[$0].descriptor })
        for (index, isReady) in zip(readable, ready) where isReady { connections[index].read(into: &chunk) }
    }
}
