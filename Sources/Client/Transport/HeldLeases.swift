internal import LifecycleCore

/// The leases that are tied to the client's connection, each until its project has ended or the caller unties it.
///
/// While there is one, the connection must not be closed, however idle it is: the daemon would take its end for the end
/// of this process. Where the connection is lost, they are to be tied to the next one. And since a project can end
/// without this client hearing of it, each is asked about now and then. A pure value without I/O and without a clock.
struct HeldLeases: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Lease {
        /// It is not tied to the connection there is: that one is newer, or nobody knows.
        var isLost = false
        /// A question of the transport's own is under way.
        var isAsked = false
        /// When the next one is due.
        var askAt: Instant
    }

    /// How long to wait after a question that failed. The daemon's detach grace is mostly half a minute.
    private static var pause: Duration { .seconds(1) }

    private static var longestInterval: Duration { .seconds(60) }

    /// How long a lease is taken to live on when nothing was heard of it.
    private let interval: Duration
    private var leases: [LeaseName: Lease] = [:]

    /// - Parameter idleTimeout: after this time a connection without a lease is closed; one with a lease is asked about it.
    init(idleTimeout: Duration) {
        let isGiven = idleTimeout > .zero
        interval = isGiven ? min(max(idleTimeout, .milliseconds(10)), Self.longestInterval) : Self.longestInterval
    }

    var isEmpty: Bool { leases.isEmpty }
    var count: Int { leases.count }

    /// When `takeDue` has something; nil: not before an answer.
    var nextQuestion: Instant? { leases.values.lazy.filter { !$0.isAsked }.map(\.askAt).min() }

    /// What is to be asked now, the lost ones first: it counts as under way from here on.
    mutating func takeDue(_ now: Instant) -> [LeaseCall] {
        guard let first = nextQuestion, first <= now else { return [] }
        var lost: [LeaseCall] = []
        var others: [LeaseCall] = []
        for (name, lease) in leases where !lease.isAsked && lease.askAt <= now {
            leases[name]?.isAsked = true
            if lease.isLost { lost.append(.attach(name)) } else { others.append(.look(name)) }
        }
        return lost + others
    }

    /// All of them are to be tied to the next connection.
    mutating func connectionEnded(_ now: Instant) {
        for name in leases.keys {
            leases[name]?.isLost = true
            leases[name]?.askAt = now
        }
    }

    /// - Returns: whether it was a held one and its project has ended.
    mutating func settle(_ call: LeaseCall, _ result: Result<JSONValue, ClientError>, now: Instant) -> Bool {
        switch result {
        case .success(let answer): answered(call, answer, now)
        case .failure(let error) where error.kind == .projectNotFound: leases.removeValue(forKey: call.name) != nil
        case .failure(let error): failed(call, error, now)
        }
    }

    private mutating func answered(_ call: LeaseCall, _ answer: JSONValue, _ now: Instant) -> Bool {
        guard !Self.isOver(answer["project"] ?? answer) else { return leases.removeValue(forKey: call.name) != nil }
        switch call {
        case .attach(let name): leases[name] = Lease(askAt: now + interval)
        case .detach(let name): leases[name] = nil
        case .look(let name):
            guard var lease = leases[name] else { return false }
            lease.isAsked = false
            lease.askAt = lease.isLost ? now : now + interval
            leases[name] = lease
        }
        return false
    }

    private mutating func failed(_ call: LeaseCall, _ error: ClientError, _ now: Instant) -> Bool {
        if case .attach(let name) = call, error.outcome == .unknown {
            // Tied, perhaps, and perhaps to a connection that is no more: once more, and it is certain. Unless the caller
            // has given up: then it is only kept, and looked at.
            let isLost = error.code != .cancelled || leases[name]?.isLost == true
            leases[name] = Lease(isLost: isLost, askAt: now + Self.pause)
        } else {
            leases[call.name]?.isAsked = false
            leases[call.name]?.askAt = now + Self.pause
        }
        return false
    }

    /// Any answer may tell that a project has ended.
    mutating func note(_ answer: JSONValue) {
        guard !isEmpty, let project = answer["project"], Self.isOver(project) else { return }
        if let id = project["projectId"]?.string.flatMap({ ProjectID($0) }) { leases[.project(id)] = nil }
        if let id = project["externalId"]?.string { leases[.external(Array(id.utf8))] = nil }
    }

    private static func isOver(_ project: JSONValue) -> Bool {
        guard let status = project["status"]?.string.flatMap(Status.init(rawValue:)) else { return false }
        return status.isTerminal
    }
}
