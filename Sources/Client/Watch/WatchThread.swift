internal import LifecycleCore
internal import LifecycleSystem
internal import Synchronization

/// The thread that reads all watches of a client, each on a separate connection. It runs only while there is a watch.
final class WatchThread: Sendable {
    private struct State {
        /// Watches that the thread has not taken yet.
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

    /// Cannot fail: an error ends the watch.
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

    /// Ends all watches. Watches that begin later end at once.
    func close() {
        state.withLock { $0.isClosed = true }
        wake()
    }

    // MARK: The thread

    /// Takes the watches that have begun since the last call.
    /// - Parameter isNeeded: the thread has other watches.
    /// - Returns: `nil` if there is no watch at all. The thread must then end.
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
