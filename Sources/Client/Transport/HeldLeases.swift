internal import LifecycleCore

/// The leases that are attached to the client's connection, each until its project has ended or is paused, or the
/// caller detaches it.
///
/// While there is a lease, the connection must stay open, also if it is idle: the daemon would take its end for the end
/// of this process. After the connection is lost, the leases are attached to the next one. A project can end without
/// this client being told, so the status of each is read regularly. A pure value without I/O and without a clock.
struct HeldLeases: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Lease {
        /// The lease is not, or perhaps not, attached to the present connection.
        var isLost = false
        /// A request of the transport about this lease is not answered yet.
        var isAsked = false
        /// A heartbeat that pauses the project is not answered yet. To attach the lease after it would end the pause.
        var isPausing = false
        /// It is not known whether such a heartbeat was carried out, so the status is read first.
        var mayBePaused = false
        /// When to send the next request.
        var askAt: Instant
    }

    /// The delay after a request that failed. It must be short compared with the daemon's detach grace, by default 30
    /// s.
    private static var delay: Duration { .seconds(1) }

    private static var longestInterval: Duration { .seconds(60) }

    /// The time from an answer about a lease to the next request.
    private let interval: Duration
    private var leases: [LeaseName: Lease] = [:]

    /// - Parameter idleTimeout: also the interval of the requests, within 10 ms and 60 s. Zero stands for 60 s.
    init(idleTimeout: Duration) {
        let isGiven = idleTimeout > .zero
        interval = isGiven ? min(max(idleTimeout, .milliseconds(10)), Self.longestInterval) : Self.longestInterval
    }

    var isEmpty: Bool { leases.isEmpty }
    var count: Int { leases.count }

    /// When `takeDue` returns something. `nil`: not before an answer comes.
    var nextRequest: Instant? { leases.values.lazy.filter { !$0.isAsked && !$0.isPausing }.map(\.askAt).min() }

    /// The caller begins this call.
    mutating func begin(_ call: LeaseCall) {
        if case .pause(let name) = call { leases[name]?.isPausing = true }
    }

    /// The requests to send now, lost leases first. They count as sent from here on.
    mutating func takeDue(_ now: Instant) -> [LeaseCall] {
        guard let first = nextRequest, first <= now else { return [] }
        var lost: [LeaseCall] = []
        var others: [LeaseCall] = []
        for (name, lease) in leases where !lease.isAsked && !lease.isPausing && lease.askAt <= now {
            leases[name]?.isAsked = true
            if lease.isLost, !lease.mayBePaused { lost.append(.attach(name)) } else { others.append(.look(name)) }
        }
        return lost + others
    }

    /// All leases must be attached to the next connection.
    mutating func connectionEnded(_ now: Instant) {
        for name in leases.keys {
            leases[name]?.isLost = true
            leases[name]?.askAt = now
        }
    }

    /// Takes the result of a call that concerns a lease.
    /// - Returns: whether the lease was attached and its project has ended.
    mutating func take(_ call: LeaseCall, _ result: Result<JSONValue, ClientError>, now: Instant) -> Bool {
        switch result {
        case .success(let answer): answered(call, answer, now)
        case .failure(let error) where error.kind == .projectNotFound: leases.removeValue(forKey: call.name) != nil
        case .failure(let error): failed(call, error, now)
        }
    }

    private mutating func answered(_ call: LeaseCall, _ answer: JSONValue, _ now: Instant) -> Bool {
        let project = answer["project"] ?? answer
        guard !Self.isOver(project) else { return leases.removeValue(forKey: call.name) != nil }
        // To tie it again would end the pause.
        guard !Self.isPaused(project) else {
            leases[call.name] = nil
            return false
        }
        switch call {
        case .attach(let name): leases[name] = Lease(askAt: now + interval)
        case .detach(let name): leases[name] = nil
        case .look(let name), .pause(let name):
            guard var lease = leases[name] else { return false }
            if case .pause = call { lease.isPausing = false } else { lease.isAsked = false }
            lease.mayBePaused = false
            lease.askAt = lease.isLost ? now : now + interval
            leases[name] = lease
        }
        return false
    }

    private mutating func failed(_ call: LeaseCall, _ error: ClientError, _ now: Instant) -> Bool {
        if case .attach(let name) = call, error.outcome == .unknown {
            // Perhaps it is attached, and perhaps to a connection that has ended. So attach it again, except if the
            // caller was cancelled: then the lease is only kept, and its status is read.
            let isLost = error.code != .cancelled || leases[name]?.isLost == true
            leases[name] = Lease(isLost: isLost, askAt: now + Self.delay)
        } else if case .pause(let name) = call {
            leases[name]?.isPausing = false
            leases[name]?.mayBePaused = error.outcome == .unknown
        } else {
            leases[call.name]?.isAsked = false
            leases[call.name]?.askAt = now + Self.delay
        }
        return false
    }

    /// Removes a lease if the answer to any call shows that its project has ended or is paused.
    mutating func note(_ answer: JSONValue) {
        guard !isEmpty, let project = answer["project"], Self.isOver(project) || Self.isPaused(project) else { return }
        if let id = project["projectId"]?.string.flatMap({ ProjectID($0) }) { leases[.project(id)] = nil }
        if let id = project["externalId"]?.string { leases[.external(Array(id.utf8))] = nil }
    }

    private static func isPaused(_ project: JSONValue) -> Bool { project["pausedUntil"] != nil }

    private static func isOver(_ project: JSONValue) -> Bool {
        guard let status = project["status"]?.string.flatMap(Status.init(rawValue:)) else { return false }
        return status.isTerminal
    }
}
