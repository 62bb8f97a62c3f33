package import LifecycleCore
internal import LifecycleSystem
internal import NIOConcurrencyHelpers
internal import Synchronization

/// The threads for scans, so that scans do not delay other requests. There are three: an audit of millions of rows and
/// a backup may take minutes on two of them, and leave the third for lists. `ScanQueue` decides which scan is next.
package final class ReaderPool: Sendable {
    package typealias Completion = @Sendable (Result<Reply, RPCError>, [ConnectionEffect]) -> Void

    private enum Job: Sendable {
        case read(BoundCall.Read, CallContext, Completion)
        case page(EventFilter, after: Int64, @Sendable (Result<EventPage, RPCError>) -> Void)
        case verify(@Sendable (Result<[String], StorageError>) -> Void)
    }

    private typealias Entry = ScanQueue<Job>.Entry
    private typealias Owner = ScanQueue<Job>.Owner

    private struct State {
        var queue = ScanQueue<Job>()
        var isClosed = false
        /// The interrupters of the connections whose threads run.
        var interrupters: [Int: any ReadInterrupter] = [:]
    }

    private static let threads = 3
    private let state = Mutex(State())
    /// True while a scan can start or the pool is closed. Locked around every change of `state`, so that a waiting
    /// thread sees each change.
    private let isFilled = ConditionLock(value: false)
    private let writes: WriterThread
    /// `nil` if readers see durable commits only.
    private let durability: Durability?
    private let context: @Sendable (Caller) -> CallContext
    private let deliver: @Sendable (@escaping @Sendable () -> Void) -> Void

    init(
        writes: WriterThread, durability: Durability? = nil, context: @escaping @Sendable (Caller) -> CallContext,
        deliver: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
    ) {
        self.writes = writes
        self.durability = durability
        self.context = context
        self.deliver = deliver
    }

    func start(_ makeReader: () throws(StorageError) -> sending Reader) throws(StorageError) {
        for number in 0..<Self.threads {
            let reader = try makeReader()
            let interrupter = try reader.interrupter
            change { $0.interrupters[number] = interrupter }
            do throws(SystemCallError) {
                try SystemThread.start { self.work(reader, number) }
            } catch {
                throw StorageError(.cannotOpen, code: error.code, error.description)
            }
        }
    }

    /// Runs a read on one of the threads. The text of the reply is already made when the completion gets it.
    /// - Parameters:
    ///   - isWhole: whether it visits all of the ledger.
    ///   - source: the connection that asked, for `cancel`.
    package func submit(
        _ read: @escaping BoundCall.Read, _ context: CallContext, isWhole: Bool = false,
        source: ObjectIdentifier? = nil, completion: @escaping Completion
    ) {
        let owner = Owner(uid: context.caller.uid, source: source)
        add(Entry(owner: owner, isWhole: isWhole, job: .read(read, context, completion)))
    }

    /// Removes the waiting scans of this source, which has ended.
    func cancel(_ source: ObjectIdentifier, of caller: Caller) {
        refuse(change { $0.queue.cancel(Owner(uid: caller.uid, source: source)) })
    }

    /// Reads the events after a position, on one of the threads.
    func readPage(
        _ filter: EventFilter, after position: Int64,
        completion: @escaping @Sendable (Result<EventPage, RPCError>) -> Void
    ) {
        add(Entry(owner: Owner(), isWhole: false, job: .page(filter, after: position, completion)))
    }

    /// Checks the whole database while requests are served.
    func verify(_ completion: @escaping @Sendable (Result<[String], StorageError>) -> Void) {
        add(Entry(owner: Owner(), isWhole: true, job: .verify(completion)))
    }

    /// Refuses waiting scans, interrupts running ones and ends the threads.
    /// - Parameter time: when to return at the latest. Threads that still run then are left to run.
    package func close(by time: ContinuousClock.Instant) async {
        let abandoned = change { state in
            state.isClosed = true
            return state.queue.removeAll()
        }
        refuse(abandoned)
        while true {
            let isLeft = state.withLock { state in
                for interrupter in state.interrupters.values { interrupter.interrupt() }
                return !state.interrupters.isEmpty
            }
            guard isLeft, ContinuousClock.now < time else { return }
            // An interrupt between two statements has no effect, so it is repeated.
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    // MARK: Shared state

    private func add(_ entry: Entry) {
        let isClosed = change { state in
            if !state.isClosed { state.queue.add(entry) }
            return state.isClosed
        }
        if isClosed { refuse([entry]) }
    }

    @discardableResult
    private func change<Value: Sendable>(_ body: (inout State) -> Value) -> Value {
        isFilled.lock()
        return changeAndUnlock(body)
    }

    private func changeAndUnlock<Value: Sendable>(_ body: (inout State) -> Value) -> Value {
        let (value, isFilled) = state.withLock { state in
            let value = body(&state)
            return (value, state.isClosed || state.queue.hasNext)
        }
        self.isFilled.unlock(withValue: isFilled)
        return value
    }

    /// Waits for a scan that can start, and takes it; `nil` if the pool is closed.
    private func take() -> Entry? {
        isFilled.lock(whenValue: true)
        return changeAndUnlock { $0.isClosed ? nil : $0.queue.next() }
    }

    private func refuse(_ entries: [Entry]) {
        for entry in entries {
            switch entry.job {
            case .read(_, _, let completion): deliver { completion(.failure(.stopping), []) }
            case .page(_, _, let completion): deliver { completion(.failure(.stopping)) }
            case .verify: break  // The next start finds the same.
            }
        }
    }

    // MARK: Threads

    private func work(_ reader: Reader, _ number: Int) {
        SystemThread.setName("scanner")
        while true {
            guard let entry = take() else { break }
            let start = ContinuousClock.now
            run(entry, by: reader)
            let time = (ContinuousClock.now - start).inNanoseconds
            change { $0.queue.ended(entry, took: time) }
        }
        // The interrupter must be gone before its connection is closed.
        change { $0.interrupters[number] = nil }
        withExtendedLifetime(reader) {}
    }

    private func run(_ entry: Entry, by reader: Reader) {
        switch entry.job {
        case .read(let read, let context, let completion):
            switch Self.encoded(read, context, by: reader) {
            case .answered(let result, let effects):
                deliverWhenDurable { completion($0.map { .failure(RPCError($0)) } ?? result, effects) }
            case .due(let due):
                writes.expire(due) {
                    self.submit(
                        read, self.context(context.caller), isWhole: entry.isWhole, source: entry.owner.source,
                        completion: completion)
                }
            }
        case .page(let filter, let position, let completion):
            let result = Self.page(filter, after: position, by: reader)
            deliverWhenDurable { completion($0.map { .failure(RPCError($0)) } ?? result) }
        case .verify(let completion):
            do throws(StorageError) {
                completion(.success(try reader.verify()))
            } catch {
                if !state.withLock(\.isClosed) { completion(.failure(error)) }
            }
        }
    }

    private func deliverWhenDurable(_ completion: @escaping Durability.Completion) {
        guard let durability else { return deliver { completion(nil) } }
        durability.whenDurable { [deliver] error in deliver { completion(error) } }
    }

    private static func page(
        _ filter: EventFilter, after position: Int64, by reader: Reader
    ) -> Result<EventPage, RPCError> {
        do throws(RPCError) {
            defer { reader.endSnapshot() }
            return .success(
                try reader.read { store throws(RPCError) in try EventPage(filter, after: position, in: store) })
        } catch {
            return .failure(error)
        }
    }

    /// Writes the text of the reply on this thread, because it may be long and the event loop serves all connections.
    private static func encoded(_ read: BoundCall.Read, _ context: CallContext, by reader: Reader) -> ReadOutcome {
        defer { reader.endSnapshot() }
        let outcome = reader.run(read, context)
        guard case .answered(.success(let reply), let effects) = outcome else { return outcome }
        var json = JSONWriter(capacity: 4096)
        reply(&json)
        let text = json.bytes
        return .answered(.success { $0.raw(text) }, effects)
    }
}
