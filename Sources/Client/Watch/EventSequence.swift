public import LifecycleCore

/// The events of the ledger in the order of their commits. See `LifecycleClient.watch`.
///
/// Each iteration is a separate watch. It begins with its first `next()`.
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

        /// Waits for the next event. `nil` if the task was cancelled or the client was closed.
        public mutating func next() async throws(ClientError) -> Event? { try await watch.source.next() }

        /// As `next()`. `for try await` needs this function for its typed errors.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ClientError) -> Event? {
            try await watch.source.next()
        }
    }

    /// Ends the watch when the iterator is released, and keeps the client alive until then.
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

/// Only one task may use an iterator.
@available(*, unavailable)
extension EventSequence.Iterator: Sendable {}
