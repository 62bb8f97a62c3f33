import Foundation
import LifecycleClient
import LifecycleCore
import LifecycleTesting
import TestSupport
import Testing

/// Whoever tests an app with the daemon in process relies on it. LIFECYCLE_COMPARISON_COUNT sets how many sequences of
/// requests, LIFECYCLE_COMPARISON_SEED where they begin.
@Suite("The daemon in process answers as the real one over the socket", .timeLimit(.minutes(60)))
struct InProcessComparisonTests {
    /// Sequences that share a daemon, so that lists are long.
    static let sequencesPerDaemon = 10
    static let requestsPerSequence = 30

    static let daemons: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["LIFECYCLE_COMPARISON_COUNT"].flatMap(Int.init) ?? 120
        let seed = environment["LIFECYCLE_COMPARISON_SEED"].flatMap(UInt64.init) ?? 3_20_261_123
        return (0..<max(count / sequencesPerDaemon, 1)).map { seed &+ UInt64($0) }
    }()

    @Test("every reply and every error is the same, byte for byte but for ids and times", arguments: daemons)
    func sequences(seed: UInt64) async throws {
        let daemon = try TestDaemon()
        let socket = LifecycleClient(socketPath: daemon.socket)
        var comparison = Comparison(socket)
        var requests = RandomRequests(seed: seed)
        do {
            for _ in 0..<Self.sequencesPerDaemon {
                requests.beginSequence()
                for _ in 0..<Self.requestsPerSequence {
                    let (method, params) = requests.request(projects: comparison.projects)
                    try await comparison.ask(method, params)
                }
            }
            for (method, params) in requests.everything(projects: comparison.projects) {
                try await comparison.ask(method, params)
            }
        } catch {
            Issue.record("LIFECYCLE_COMPARISON_SEED=\(seed) LIFECYCLE_COMPARISON_COUNT=1 shows this again: \(error)")
        }
        #expect(
            comparison.kindsSeen.isSuperset(of: ["ok", "insufficientCredits", "terminalState", "idempotencyConflict"]))
        #expect(!comparison.kindsSeen.contains("internalError"))
        await socket.close()
    }
}

/// Asks both the same.
private struct Comparison {
    private let clients: [LifecycleClient]
    private var names = [ProjectNames(), ProjectNames()]
    private var asked: [String] = []
    /// Kinds of errors, and `ok`.
    private(set) var kindsSeen: Set<String> = []

    init(_ socket: LifecycleClient) { clients = [.inProcess(), socket] }

    /// How many were created.
    var projects: Int { names[0].count }

    /// - Parameter params: projects are named by the order of their creation: `<0>` is the first.
    mutating func ask(_ method: String, _ params: String) async throws {
        asked.append("\(method) \(params)")
        var answers: [String] = []
        for index in clients.indices {
            let result: Result<[UInt8], RPCError>
            do throws(ClientError) {
                let params = names[index].ids(in: params)
                result = .success(Array(try await clients[index].call(method: method, params: params).utf8))
                kindsSeen.insert("ok")
            } catch {
                guard let refusal = error.refusal else { throw error }
                result = .failure(refusal)
                kindsSeen.insert(refusal.kind.name)
            }
            answers.append(Self.withoutDurations(names[index].answer(result)))
        }
        guard answers[0] != answers[1] else { return }
        throw TestFailure(
            """
            \(asked.last ?? "")
              in process:      \(answers[0])
              over the socket: \(answers[1])
            after
            \(asked.dropLast().joined(separator: "\n"))
            """)
    }

    /// One of the two clocks stands still, so counts of seconds that have passed differ. Each is replaced by one word.
    private static func withoutDurations(_ answer: String) -> String {
        var answer = answer.replacingOccurrences(of: "started processing at <time>; ", with: "")
        if answer.contains("averageSeconds") {
            answer.replace(/"averageSeconds":[0-9.]+/, with: #""averageSeconds":<seconds>"#)
        }
        if answer.contains("given back") {
            answer.replace(/[0-9]+ seconds? given back/, with: "<seconds> given back")
        }
        if answer.contains("may be paused") {
            answer.replace(/may be paused [0-9]+ are left/, with: "may be paused <seconds> are left")
            answer.replace(/"maximum":[0-9]+/, with: #""maximum":<seconds>"#)
        }
        return answer
    }
}
