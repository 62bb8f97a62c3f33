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

    /// An event that the ledger has reached; nil before the daemon was first asked. What is read later shows at least
    /// this.
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
    private func follow() async throws {
        guard let newest = try await newestSeq() else { return }
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

    /// Asks for it with a watch that is ended as soon as it has begun. Nil when it could not be: at the app's end.
    private func newestSeq() async throws -> Int64? {
        let (begun, source) = AsyncThrowingStream.makeStream(of: Int64.self)
        let watch = Task { [client] in
            do {
                for try await _ in client.watch(onBegin: { source.yield($0) }) {}
                source.finish()
            } catch {
                source.finish(throwing: error)
            }
        }
        defer { watch.cancel() }
        for try await seq in begun { return seq }
        return nil
    }
}
