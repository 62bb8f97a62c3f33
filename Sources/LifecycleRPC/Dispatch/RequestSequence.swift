internal import DequeModule
internal import LifecycleCore

/// The order of one connection's requests: it decides which request may start and which answer is sent next. A write
/// does not wait for earlier writes, so that pipelined writes share a commit. A read waits for all earlier writes.
/// Every request waits for an earlier scan. Answers are sent in the order of the requests. A pure value.
struct RequestSequence {
    typealias Call = Dispatcher.Call
    typealias Outcome = Result<Reply, RPCError>

    enum Step {
        case beginBatch, endBatch
        /// Send this answer.
        case answer(Call, Outcome)
        /// Do not carry out this read: nobody gets its answer, and it has no other effect.
        case skip(Call)
        /// Run this now and send its answer.
        case read(Call, BoundCall.Read)
        /// Start this. Its outcome must be passed to `finish` with the ticket.
        case scan(BoundCall.Read, isWhole: Bool, ticket: Int)
        case write(Call, BoundCall.Write, worksOnFullDisk: Bool, ticket: Int)
    }

    private enum Item {
        case unread(Dispatcher.Unread)
        case call(Call)
        case beginBatch, endBatch
    }

    private struct Awaited {
        let item: Item
        var outcome: Outcome?
    }

    /// The maximum number of writes of one connection that wait for their commit.
    private static let maximumAwaited = 256

    /// Requests that are not started.
    private var upcoming = Deque<Item>()
    /// Requests that are started and not answered, and the marks of batches between them.
    private var awaited = Deque<Awaited>()
    /// The ticket of the first awaited item. Tickets are consecutive.
    private var firstTicket = 0
    private var awaitsScan = false
    private let read: (Dispatcher.Unread) -> Call

    /// - Parameter read: parses a request of a batch when it may start.
    init(reading read: @escaping (Dispatcher.Unread) -> Call) { self.read = read }

    /// There is nothing left to start, so the next line may be added.
    var wantsWork: Bool { upcoming.isEmpty }
    /// Everything is answered.
    var isIdle: Bool { upcoming.isEmpty && awaited.isEmpty }

    mutating func add(_ work: Dispatcher.Work) {
        switch work {
        case .single(let call):
            upcoming.append(.call(call))
        case .batch(let requests):
            upcoming.append(.beginBatch)
            upcoming.append(contentsOf: requests.map(Item.unread))
            upcoming.append(.endBatch)
        }
    }

    /// Takes the outcome of the request with this ticket.
    mutating func finish(_ ticket: Int, with outcome: Outcome) {
        let index = ticket &- firstTicket
        guard awaited.indices.contains(index), awaited[index].outcome == nil else {
            return assertionFailure("no request waits with the ticket \(ticket)")
        }
        awaited[index].outcome = outcome
    }

    /// Lets a read wait that was expected to be answered at once.
    /// - Returns: the ticket for its outcome. Nothing else starts before that.
    mutating func awaitAnswer(to call: Call) -> Int {
        awaitsScan = true
        return expect(.call(call))
    }

    /// The next step. `nil` if it has to wait for an outcome, or if nothing is left.
    /// - Parameter hasPeer: the answers can still be sent.
    mutating func next(hasPeer: Bool = true) -> Step? {
        while true {
            if let step = nextAwaited() { return step }
            switch upcoming.popFirst() {
            case nil: return nil
            case .unread(let request): upcoming.prepend(.call(read(request)))
            case .call(let call):
                if let step = start(call, hasPeer: hasPeer) { return step }
                upcoming.prepend(.call(call))
                return nil
            case .some(let item):
                if awaited.isEmpty { return mark(item) }
                expect(item)
            }
        }
    }

    /// - Returns: `nil` if the call has to wait.
    private mutating func start(_ call: Call, hasPeer: Bool) -> Step? {
        switch call.step {
        case .refuse(let error):
            return awaited.isEmpty ? .answer(call, .failure(error)) : nil
        case .run(.read(let cost, let read)):
            if isForNobody(call, hasPeer: hasPeer) { return .skip(call) }
            guard awaited.isEmpty else { return nil }
            if cost == .point { return .read(call, read) }
            awaitsScan = true
            return .scan(read, isWhole: cost == .whole, ticket: expect(.call(call)))
        case .run(.write(let worksOnFullDisk, let write)):
            guard !awaitsScan, awaited.count < Self.maximumAwaited else { return nil }
            return .write(call, write, worksOnFullDisk: worksOnFullDisk, ticket: expect(.call(call)))
        }
    }

    /// Nobody gets the answer of this read, and it has no other effect.
    private func isForNobody(_ call: Call, hasPeer: Bool) -> Bool {
        guard hasPeer else { return true }
        if case .none = call.id { return !call.hasEffect }
        return false
    }

    private mutating func nextAwaited() -> Step? {
        guard let first = awaited.first else { return nil }
        let step: Step
        if case .call(let call) = first.item {
            guard let outcome = first.outcome else { return nil }
            step = .answer(call, outcome)
            awaitsScan = false
        } else if let mark = mark(first.item) {
            step = mark
        } else {
            return nil
        }
        awaited.removeFirst()
        firstTicket &+= 1
        return step
    }

    @discardableResult
    private mutating func expect(_ item: Item) -> Int {
        awaited.append(Awaited(item: item))
        return firstTicket &+ awaited.count &- 1
    }

    private func mark(_ item: Item) -> Step? {
        switch item {
        case .beginBatch: .beginBatch
        case .endBatch: .endBatch
        case .call, .unread: nil
        }
    }
}
