internal import LifecycleClient
internal import Logging
internal import ServiceLifecycle
internal import Synchronization

/// The newest events of all users, for the operator's page; and how far they have come, from where live pages go on.
final class RecentEvents: Service {
    private struct State {
        /// Oldest first.
        var events: [Event] = []
        var position: Int64?
    }

    static let capacity = 40

    private let client: LifecycleClient
    private let logger: Logger
    private let state = Mutex(State())

    init(_ client: LifecycleClient, _ logger: Logger) {
        self.client = client
        self.logger = logger
    }

    /// An event that the ledger has reached; nil before the daemon was first asked. What is read later shows at least this.
    var position: Int64? { state.withLock { $0.position } }

    /// Newest first.
    var newest: [Event] { state.withLock { $0.events.reversed() } }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                do {
                    try await follow()
                } catch {
                    // No daemon yet, or one with an older ledger: from the beginning.
                    logger.notice("following the ledger failed", metadata: ["cause": "\(error)"])
                    state.withLock { $0 = State() }
                }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Ends when the client is closed or the task is cancelled.
    private func follow() async throws(ClientError) {
        let newest = try await newestSeq()
        state.withLock { $0.position = newest }
        let start = max(0, newest - Int64(Self.capacity))
        for try await event in client.watch(fromSeq: start) {
            state.withLock { state in
                state.events.append(event)
                if state.events.count > Self.capacity { state.events.removeFirst() }
                state.position = max(state.position ?? 0, event.seq)
            }
        }
    }

    /// Asks for it with a watch that is ended as soon as it has begun.
    private func newestSeq() async throws(ClientError) -> Int64 {
        let found = Mutex<Int64?>(nil)
        let (begun, source) = AsyncStream.makeStream(of: Int64.self)
        let watch = Task { [client] () async -> Result<Void, ClientError> in
            defer { source.finish() }
            do throws(ClientError) {
                for try await _ in client.watch(onBegin: { source.yield($0) }) {}
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        await withTaskCancellationHandler {
            for await seq in begun {
                found.withLock { $0 = seq }
                break
            }
        } onCancel: {
            watch.cancel()
        }
        watch.cancel()
        if let seq = found.withLock({ $0 }) { return seq }
        try await watch.value.get()
        return 0
    }
}
