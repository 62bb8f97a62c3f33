internal import DequeModule
internal import LifecycleCore

/// Every call of a client that has no outcome yet: what is to be sent, what may be sent again, what is overdue.
///
/// A pure value without I/O and without a clock. `Waiter` is whoever gets the outcome.
struct PendingCalls<Waiter: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    struct Call: Sendable {
        /// What is sent, its LF included.
        let line: [UInt8]
        let isRepeatable: Bool
        let waiter: Waiter
        let timeout: Duration
        let deadline: Instant
        let connectTimeout: Duration
        /// When it gives up on a connection, if there is none then. Counted anew when one ends.
        var connectBy: Instant
        var state = State.queued
        /// An earlier connection may have delivered it.
        var mayHaveArrived = false
        /// How often it was refused as busy, and what was said last.
        var refusals = 0
        var lastRefusal: RPCError?
        /// Connections that ended on garbage while it waited.
        var spoiledConnections = 0

        enum State: Sendable, Equatable {
            case queued
            /// The daemon was busy; it is queued again at this time.
            case delayed(until: Instant)
            /// Given to the connection, beginning at this offset in all that it was given.
            case sent(offset: Int)
        }

        var outcome: ClientError.Outcome {
            if case .sent = state { .unknown } else { mayHaveArrived ? .unknown : .notDone }
        }

        /// What its deadline says of it.
        fileprivate var overdue: ClientError {
            if case .sent = state { return .timedOut(.unknown, after: timeout) }
            if let lastRefusal { return .refused(lastRefusal, mayHaveArrived: mayHaveArrived) }
            return .timedOut(outcome, after: timeout)
        }
    }

    /// Why a connection ended.
    enum End: Sendable {
        case lost(String)
        case garbage(String)
        /// The daemon took no connection and read nothing of it.
        case refused(String)
    }

    typealias Failure = (waiter: Waiter, error: ClientError)

    private static var mostSpoiledConnections: Int { 3 }

    private let maximumInFlight: Int
    private var calls: [Int64: Call] = [:]
    /// What is to be sent, in order; an id that is no call any more is passed over.
    private var queue = Deque<Int64>()
    /// Calls that were sent on this connection and are not answered.
    private(set) var inFlight = 0
    /// Bytes given to the connection so far.
    private var offset = 0

    init(maximumInFlight: Int) { self.maximumInFlight = max(1, maximumInFlight) }

    var isEmpty: Bool { calls.isEmpty }
    var count: Int { calls.count }

    /// - Parameter isFirst: before all that waits, as nothing is to be lost by it.
    mutating func add(_ call: Call, id: Int64, isFirst: Bool = false) {
        calls[id] = call
        if isFirst { queue.prepend(id) } else { queue.append(id) }
    }

    /// On a new connection nothing was sent yet.
    mutating func connectionStarted() { offset = 0 }

    /// The lines that may be sent now.
    mutating func takeLines() -> [UInt8] {
        var lines: [UInt8] = []
        while inFlight < maximumInFlight, let id = queue.popFirst() {
            guard let index = calls.index(forKey: id), calls.values[index].state == .queued else { continue }
            calls.values[index].state = .sent(offset: offset)
            offset += calls.values[index].line.count
            inFlight += 1
            lines += calls.values[index].line
        }
        return lines
    }

    /// Takes out a call that has its outcome; nil when nobody waits for it any more.
    mutating func remove(_ id: Int64) -> Call? {
        guard let call = calls.removeValue(forKey: id) else { return nil }
        if case .sent = call.state { inFlight -= 1 }
        return call
    }

    /// The daemon was busy and did nothing of it: it is sent again after a while that grows.
    mutating func postpone(_ id: Int64, _ refusal: RPCError, now: Instant) {
        guard let index = calls.index(forKey: id), case .sent = calls.values[index].state else { return }
        inFlight -= 1
        calls.values[index].refusals += 1
        calls.values[index].lastRefusal = refusal
        calls.values[index].state = .delayed(until: now + Backoff.delay(after: calls.values[index].refusals))
    }

    /// What never left us is sent on the next connection, and so is what may be repeated; the rest has no known outcome.
    /// - Parameter handedOver: how many of the bytes the kernel may have taken.
    mutating func connectionEnded(_ end: End, handedOver: Int, now: Instant) -> [Failure] {
        var failures: [Failure] = []
        var again = Deque<Int64>()
        for (id, var call) in calls.sorted(by: { $0.key < $1.key }) {
            call.connectBy = now + call.connectTimeout
            defer { if calls[id] != nil { calls[id] = call } }
            guard case .sent(let start) = call.state else { continue }
            call.state = .queued
            let isHandedOver = if case .refused = end { false } else { start < handedOver }
            if isHandedOver {
                call.mayHaveArrived = true
                if case .garbage = end { call.spoiledConnections += 1 }
            }
            if let error = Self.failure(of: call, end, handedOver: isHandedOver) {
                calls[id] = nil
                failures.append((call.waiter, error))
            } else {
                again.append(id)
            }
        }
        queue = again + queue
        inFlight = 0
        return failures
    }

    private static func failure(of call: Call, _ end: End, handedOver: Bool) -> ClientError? {
        guard handedOver else { return nil }
        switch end {
        case .garbage(let reason):
            guard !call.isRepeatable || call.spoiledConnections >= mostSpoiledConnections else { return nil }
            return .badReply(reason, .unknown)
        case .lost(let reason):
            return call.isRepeatable ? nil : .connectionLost(reason)
        case .refused: return nil
        }
    }

    /// Fails what is overdue and queues what was postponed until now.
    /// - Parameter outage: why there is no connection; nil when there is one, or none was tried yet.
    mutating func advance(to now: Instant, outage: ConnectFailure?) -> [Failure] {
        var failures: [Failure] = []
        for (id, call) in calls {
            if let outage, min(call.connectBy, call.deadline) <= now || !outage.isTemporary {
                failures.append((call.waiter, .unreachable(outage, call.outcome)))
            } else if call.deadline <= now {
                failures.append((call.waiter, call.overdue))
            } else {
                if case .delayed(let until) = call.state, until <= now {
                    calls[id]?.state = .queued
                    queue.append(id)
                }
                continue
            }
            _ = remove(id)
        }
        // Else they would pile up while nothing can be sent.
        if queue.count > calls.count { queue.removeAll { calls[$0] == nil } }
        return failures
    }

    /// When `advance` has something to do again; nil: never.
    /// - Parameter isOut: the last try to connect failed.
    func nextEvent(isOut: Bool) -> Instant? {
        calls.values.lazy.map { call in
            if case .delayed(let until) = call.state { return min(until, call.deadline) }
            return isOut ? min(call.connectBy, call.deadline) : call.deadline
        }.min()
    }

    /// Takes out those whose waiter is meant.
    mutating func removeAll(where isMeant: (Waiter) -> Bool) -> [Call] {
        calls.filter { isMeant($0.value.waiter) }.keys.compactMap { remove($0) }
    }
}
