import LifecycleCore

extension Step {
    /// What the daemon does of itself, for no caller.
    func writes(_ names: Names, at now: Timestamp) -> [BoundCall.Write] {
        switch self {
        case .detach(let project): LostHolder.detachments(of: names.projects(project))
        case .restore(let project): LostHolder.restorations(of: names.projects(project))
        case .trim(let age): [Self.trim(before: Timestamp(milliseconds: now.milliseconds - age), at: now)]
        case .call, .advance, .writeBeats: []
        }
    }

    private static func trim(before end: Timestamp, at now: Timestamp) -> BoundCall.Write {
        { store, context throws(RPCError) in
            let step = try store.trimProjects(finishedBefore: end, after: 0, at: now)
            return { $0.integer(Int64(step.trimmed)) }
        }
    }
}

/// `ProjectNames`, shared by the steps and the ledger.
final class Names {
    private var names = ProjectNames()

    func ids(in text: String) -> String { names.ids(in: text) }
    func answer(_ result: Result<[UInt8], RPCError>) -> String { names.answer(result) }

    func projects(_ number: Int) -> [ProjectID] {
        var json = JSONWriter()
        json.string(names.ids(in: "<\(number)>"))
        return (try? JSONDocument(parsing: json.bytes)).flatMap { try? ProjectID(json: $0.root) }.map { [$0] } ?? []
    }
}

/// Moved by the steps; not thread-safe, as everything happens on one.
final class FuzzClock: @unchecked Sendable {
    static let start: Int64 = 1_800_000_000_000
    private var milliseconds = start

    var now: Timestamp { Timestamp(milliseconds: milliseconds) }
    /// Nobody sets the clock: it shows how time passes.
    var uptime: Int64 { milliseconds - Self.start }

    func advance(by time: Int64) { milliseconds += time }
    func reset() { milliseconds = Self.start }
}

extension Limits {
    /// Near enough for a sequence to come to them.
    static let fuzzed: Limits = {
        var limits = Limits()
        limits.startTimeout = 60
        limits.lease = 20
        limits.maximumRuntime = 3600
        return limits
    }()
}

extension Caller {
    static let fuzzer = Caller(uid: 4_000_000_001, gid: 4_000_000_002, pid: 2_000_000_003, roles: [.admin])
}

struct NoMetrics: MetricsSource {
    func report() -> GetMetrics.Response { .blank }
}
