internal import DequeModule
internal import LifecycleCore

/// All calls of a client that have no outcome yet. It decides which are sent, which are sent again and which have timed
/// out.
///
/// A pure value without I/O and without a clock. `Waiter` gets the outcome.
struct PendingCalls<Waiter: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    struct Call: Sendable {
        /// The line to send, including its LF.
        let line: [UInt8]
        let isRepeatable: Bool
        let waiter: Waiter
        let timeout: Duration
        let deadline: Instant
        let connectTimeout: Duration
        /// If there is no connection at this time, the call fails. Set again when a connection ends.
        var connectBy: Instant
        var state = State.queued
        /// It may have reached the daemon on an earlier connection.
        var mayHaveArrived = false
        /// How often the daemon answered `busy`, and its last answer.
        var refusals = 0
        var lastRefusal: RPCError?
        /// The number of connections with a reply that could not be read, while this call waited.
        var badConnections = 0

        enum State: Sendable, Equatable {
            case queued
            /// The daemon was busy. The call is queued again at this time.
            case delayed(until: Instant)
            /// Given to the connection. Its line begins at this offset of all bytes that the connection was given.
            case sent(offset: Int)
        }

        var outcome: ClientError.Outcome {
            if case .sent = state { .unknown } else { mayHaveArrived ? .unknown : .notDone }
        }

        /// The error of the call after its deadline.
        fileprivate var overdue: ClientError {
            if case .sent = state { return .timedOut(.unknown, after: timeout) }
            if let lastRefusal { return .refused(lastRefusal, mayHaveArrived: mayHaveArrived) }
            return .timedOut(outcome, after: timeout)
        }
    }

    /// Why a connection ended.
    enum End: Sendable {
        case lost(String)
        /// A reply could not be read.
        case garbage(String)
        /// The daemon refused the connection and read nothing from it.
        case refused(String)
    }

    typealias Failure = (waiter: Waiter, error: ClientError)

    private static var maximumBadConnections: Int { 3 }

    private let maximumInFlight: Int
    private var calls: [Int64: Call] = [:]
    /// The calls to send, in order. An id without a call is skipped.
    private var queue = Deque<Int64>()
    /// The number of calls that were sent on this connection and are not answered.
    private(set) var inFlight = 0
    /// The number of bytes that the connection was given so far.
    private var offset = 0

    init(maximumInFlight: Int) { self.maximumInFlight = max(1, maximumInFlight) }

    var isEmpty: Bool { calls.isEmpty }
    var count: Int { calls.count }

    /// - Parameter isFirst: the call is sent before all calls that wait.
    mutating func add(_ call: Call, id: Int64, isFirst: Bool = false) {
        calls[id] = call
        if isFirst { queue.prepend(id) } else { queue.append(id) }
    }

    mutating func connectionStarted() { offset = 0 }

    /// Takes the lines that may be sent now.
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

    /// Removes a call that has its outcome. `nil` if nobody waits for it any more.
    mutating func remove(_ id: Int64) -> Call? {
        guard let call = calls.removeValue(forKey: id) else { return nil }
        if case .sent = call.state { inFlight -= 1 }
        return call
    }

    /// The daemon was busy and did not carry out the call. It is sent again after a pause, which grows each time.
    mutating func postpone(_ id: Int64, _ refusal: RPCError, now: Instant) {
        guard let index = calls.index(forKey: id), case .sent = calls.values[index].state else { return }
        inFlight -= 1
        calls.values[index].refusals += 1
        calls.values[index].lastRefusal = refusal
        calls.values[index].state = .delayed(until: now + Backoff.delay(after: calls.values[index].refusals))
    }

    /// Calls that were not sent yet, or are safe to repeat, are sent on the next connection. The outcome of the others
    /// is unknown.
    /// - Parameter handedOver: the number of bytes that the kernel may have taken.
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
                if case .garbage = end { call.badConnections += 1 }
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
            guard !call.isRepeatable || call.badConnections >= maximumBadConnections else { return nil }
            return .badReply(reason, .unknown)
        case .lost(let reason):
            return call.isRepeatable ? nil : .connectionLost(reason)
        case .refused: return nil
        }
    }

    /// Fails the calls that have timed out, and queues the delayed calls whose time has come.
    /// - Parameter outage: why there is no connection. `nil` if there is one, or if none was tried yet.
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
        // Without this, ids of failed calls would accumulate while nothing can be sent.
        if queue.count > calls.count { queue.removeAll { calls[$0] == nil } }
        return failures
    }

    /// When `advance` has something to do again. `nil`: never.
    /// - Parameter isOut: the last try to connect failed.
    func nextEvent(isOut: Bool) -> Instant? {
        calls.values.lazy.map { call in
            if case .delayed(let until) = call.state { return min(until, call.deadline) }
            return isOut ? min(call.connectBy, call.deadline) : call.deadline
        }.min()
    }

    /// Removes the calls whose waiter matches.
    mutating func removeAll(where isMeant: (Waiter) -> Bool) -> [Call] {
        calls.filter { isMeant($0.value.waiter) }.keys.compactMap { remove($0) }
    }
}
