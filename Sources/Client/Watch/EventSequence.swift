public import LifecycleCore

/// What happens in the ledger, event by event, in the order in which it was committed; see `LifecycleClient.watch`.
///
/// Each iteration is a watch of its own, and begins with its first `next()`.
public struct EventSequence: AsyncSequence, Sendable {
    public typealias Element = Event
    public typealias Failure = ClientError

    private let client: LifecycleClient
    private let request: Watch
    private let onBegin: BeginHandler?

    init(_ client: LifecycleClient, _ request: Watch, _ onBegin: BeginHandler?) {
        self.client = client
        self.request = request
        self.onBegin = onBegin
    }

    public func makeAsyncIterator() -> Iterator { Iterator(client, request, onBegin) }

    public struct Iterator: AsyncIteratorProtocol {
        private let watch: RunningWatch

        fileprivate init(_ client: LifecycleClient, _ request: Watch, _ onBegin: BeginHandler?) {
            watch = RunningWatch(client, request, onBegin)
        }

        /// Waits for the next event. Nil when the task was cancelled or the client was closed.
        public mutating func next() async throws(ClientError) -> Event? { try await watch.source.next() }

        /// The same for `for try await`, whose errors are typed by it.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ClientError) -> Event? {
            try await watch.source.next()
        }
    }

    /// Ends the watch when nobody iterates any more, and keeps the client until then.
    private final class RunningWatch {
        let source: any EventSource
        private let client: LifecycleClient

        init(_ client: LifecycleClient, _ request: Watch, _ onBegin: BeginHandler?) {
            self.client = client
            source = client.transport.watch(request, onBegin)
        }

        deinit { source.cancel() }
    }
}

/// One task iterates.
@available(*, unavailable)
extension EventSequence.Iterator: Sendable {}
