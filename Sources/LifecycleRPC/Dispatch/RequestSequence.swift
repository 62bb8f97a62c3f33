internal import DequeModule
internal import LifecycleCore

/// The order of one connection's requests: what may start now, and whose answer is sent next. Writes follow each other
/// without waiting, so that pipelined ones share a commit; a read waits for the writes before it, and everything waits
/// for a scan. Answers are sent in the order of the requests, whenever they become known. Pure.
struct RequestSequence {
    typealias Call = Dispatcher.Call
    typealias Outcome = Result<Reply, RPCError>

    enum Step {
        case beginBatch, endBatch
        /// Send this answer.
        case answer(Call, Outcome)
        /// Nobody would hear of this read, which has no other effect: it is not carried out.
        case skip(Call)
        /// Run this now and send its answer.
        case read(Call, BoundCall.Read)
        /// Start this; its answer is given to `finish` under the ticket.
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

    /// Writes of one connection that wait for their commit at once.
    private static let mostAwaited = 256

    /// Read, not started.
    private var upcoming = Deque<Item>()
    /// Started, not answered; and what stands between them.
    private var awaited = Deque<Awaited>()
    /// The ticket of the first awaited item; tickets are consecutive.
    private var firstTicket = 0
    private var awaitsScan = false
    private let read: (Dispatcher.Unread) -> Call

    /// - Parameter read: reads a request of a batch when it is its turn.
    init(reading read: @escaping (Dispatcher.Unread) -> Call) { self.read = read }

    /// Nothing is left to start: the next line may be added.
    var wantsWork: Bool { upcoming.isEmpty }
    /// Everything was answered.
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

    /// The answer to what was started under this ticket.
    mutating func finish(_ ticket: Int, with outcome: Outcome) {
        let index = ticket - firstTicket
        guard awaited.indices.contains(index) else { return }
        awaited[index].outcome = outcome
    }

    /// A read that was to be answered at once must wait for something.
    /// - Returns: the ticket for its answer; nothing else starts before.
    mutating func awaitAnswer(to call: Call) -> Int {
        awaitsScan = true
        return expect(.call(call))
    }

    /// What is to be done next; nil while that must wait for an answer, or when nothing is left.
    /// - Parameter isHeard: somebody gets the answers.
    mutating func next(isHeard: Bool = true) -> Step? {
        while true {
            if let step = nextAwaited() { return step }
            switch upcoming.popFirst() {
            case nil: return nil
            case .unread(let request): upcoming.prepend(.call(read(request)))
            case .call(let call):
                if let step = start(call, isHeard: isHeard) { return step }
                upcoming.prepend(.call(call))
                return nil
            case .some(let item):
                if awaited.isEmpty { return mark(item) }
                expect(item)
            }
        }
    }

    /// Begins the first that is left.
    /// - Returns: nil: it has to wait.
    private mutating func start(_ call: Call, isHeard: Bool) -> Step? {
        switch call.step {
        case .refuse(let error):
            return awaited.isEmpty ? .answer(call, .failure(error)) : nil
        case .run(.read(let cost, let read)):
            if isForNobody(call, isHeard: isHeard) { return .skip(call) }
            guard awaited.isEmpty else { return nil }
            if cost == .point { return .read(call, read) }
            awaitsScan = true
            return .scan(read, isWhole: cost == .whole, ticket: expect(.call(call)))
        case .run(.write(let worksOnFullDisk, let write)):
            guard !awaitsScan, awaited.count < Self.mostAwaited else { return nil }
            return .write(call, write, worksOnFullDisk: worksOnFullDisk, ticket: expect(.call(call)))
        }
    }

    /// A read that nobody gets the answer of.
    private func isForNobody(_ call: Call, isHeard: Bool) -> Bool {
        guard isHeard else { return true }
        if case .none = call.id { return !call.actsUnheard }
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
