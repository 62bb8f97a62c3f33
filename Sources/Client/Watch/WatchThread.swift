internal import LifecycleCore
internal import LifecycleSystem
internal import Synchronization

/// All watches of a client: one thread reads them, each over a connection of its own. There is a thread while there is a
/// watch.
final class WatchThread: Sendable {
    private struct State {
        /// Begun, not known to the thread yet.
        var new: [SocketWatch] = []
        var isRunning = false
        var isClosed = false
    }

    let configuration: ClientConfiguration
    let telemetry: ClientTelemetry
    private let state = Mutex(State())
    private let pipe = Mutex<WakePipe?>(nil)

    init(_ configuration: ClientConfiguration, _ telemetry: ClientTelemetry) {
        self.configuration = configuration
        self.telemetry = telemetry
    }

    /// Cannot fail: what goes wrong is the end of the watch.
    func begin(_ request: Watch, _ onBegin: BeginHandler?) -> SocketWatch {
        let watch = SocketWatch(request, onBegin, self)
        let isOpen = state.withLock { state in
            if !state.isClosed { state.new.append(watch) }
            return !state.isClosed
        }
        guard isOpen else {
            watch.finish(.success(nil))
            return watch
        }
        do throws(SystemCallError) {
            try start()
        } catch {
            let failure = ConnectFailure(path: configuration.socketPath, code: error.code)
            watch.finish(.failure(.unreachable(failure, .notDone)))
        }
        wake()
        return watch
    }

    private func start() throws(SystemCallError) {
        try state.withLock { state throws(SystemCallError) in
            guard !state.isRunning else { return }
            let pipe = try WakePipe()
            self.pipe.withLock { $0 = pipe }
            try SystemThread.start {
                var loop = WatchLoop(self, pipe)
                loop.run()
            }
            state.isRunning = true
        }
    }

    func wake() { pipe.withLock { $0?.sendByte() } }

    /// Ends all watches, and those that are begun later.
    func close() {
        state.withLock { $0.isClosed = true }
        wake()
    }

    // MARK: The thread

    /// The watches that were begun since the last time.
    /// - Parameter isNeeded: the thread has others. If not, and there are none, it must end: nil.
    func takeNew(isNeeded: Bool) -> (watches: [SocketWatch], isClosed: Bool)? {
        state.withLock { state in
            guard isNeeded || !state.new.isEmpty else {
                state.isRunning = false
                return nil
            }
            defer { state.new = [] }
            return (state.new, state.isClosed)
        }
    }
}
