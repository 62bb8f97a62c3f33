package import LifecycleCore
internal import LifecycleSystem

/// Threads for reads that go through many rows, so that nobody else waits for them. Three: an audit of millions of rows
/// and a backup, of which there is never more than one, leave the third for lists.
package final class ReaderPool: Sendable {
    package typealias Completion = @Sendable (Result<Reply, RPCError>, [ConnectionEffect]) -> Void

    private enum Letter: Sendable {
        case read(BoundCall.Read, CallContext, Completion)
        case page(EventFilter, after: Int64, @Sendable (Result<EventPage, RPCError>) -> Void)
        case verify(@Sendable (Result<[String], StorageError>) -> Void)
        case close
    }

    private static let threads = 3
    private let mailbox = Mailbox<Letter>()
    private let writes: WriteQueue
    private let context: @Sendable (Caller) -> CallContext
    private let deliver: @Sendable (@escaping @Sendable () -> Void) -> Void

    init(
        writes: WriteQueue, context: @escaping @Sendable (Caller) -> CallContext,
        deliver: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
    ) {
        self.writes = writes
        self.context = context
        self.deliver = deliver
    }

    func start(_ makeReader: () throws(StorageError) -> sending Reader) throws(StorageError) {
        for _ in 0..<Self.threads {
            let reader = try makeReader()
            do throws(SystemCallError) {
                try SystemThread.start { self.work(reader) }
            } catch {
                throw StorageError(.cannotOpen, code: error.code, error.description)
            }
        }
    }

    /// Runs a read on one of the threads; the completion gets a reply whose text is already made.
    package func submit(_ read: @escaping BoundCall.Read, _ context: CallContext, completion: @escaping Completion) {
        mailbox.send(.read(read, context, completion))
    }

    /// Reads what comes after an event, on one of the threads.
    func readPage(
        _ filter: EventFilter, after position: Int64,
        completion: @escaping @Sendable (Result<EventPage, RPCError>) -> Void
    ) {
        mailbox.send(.page(filter, after: position, completion))
    }

    /// Checks the whole database, beside all else.
    func verify(_ completion: @escaping @Sendable (Result<[String], StorageError>) -> Void) {
        mailbox.send(.verify(completion))
    }

    /// Ends the threads once they have answered what was submitted before.
    package func close() {
        for _ in 0..<Self.threads { mailbox.send(.close) }
    }

    private func work(_ reader: Reader) {
        SystemThread.setName("scanner")
        while let letter = mailbox.takeFirst() {
            switch letter {
            case .read(let read, let context, let completion):
                switch Self.encoded(read, context, by: reader) {
                case .answered(let result, let effects): deliver { completion(result, effects) }
                case .due(let due):
                    writes.settle(due) { self.submit(read, self.context(context.caller), completion: completion) }
                }
            case .page(let filter, let position, let completion):
                let result = Self.page(filter, after: position, by: reader)
                deliver { completion(result) }
            case .verify(let completion):
                do throws(StorageError) {
                    completion(.success(try reader.verify()))
                } catch {
                    completion(.failure(error))
                }
            case .close:
                return
            }
        }
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

    /// Long results are written here and not where all connections are served.
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
