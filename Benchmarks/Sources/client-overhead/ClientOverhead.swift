import Glibc
import LifecycleClient

/// Calls a second through the Swift client, beside raw writes of the same lines on one connection with as many
/// unanswered at a time.
///
/// Usage: client-overhead SOCKET [CALLS]: medians of 5 rounds, both in turn. `client-overhead SOCKET CALLS TASKS` makes
/// the calls by the client and nothing else, for profilers.
@main
struct ClientOverhead: Sendable {
    let socketPath: String
    let client: LifecycleClient
    let project: ProjectID

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else { fail("usage: client-overhead SOCKET [CALLS [TASKS]]") }
        let calls = arguments.count > 2 ? Int(arguments[2]) ?? 0 : 20_000
        let overhead = try await ClientOverhead(arguments[1])
        if arguments.count > 3 {
            try await overhead.byClient(calls, tasks: max(1, Int(arguments[3]) ?? 1), overhead.getStatus)
            return
        }
        say("method         tasks      raw/s   client/s  ratio")
        for tasks in [1, 16, 64] {
            try await overhead.compare("getStatus", calls, tasks, overhead.getStatus) {
                #"{"projectId":"\#(overhead.project)"}"#
            }
        }
        for tasks in [1, 16, 64] {
            try await overhead.compare("createProject", calls / 10, tasks, overhead.create) {
                #"{"userId":"bench","credits":1,"idempotencyKey":"\#(UInt64.random(in: 0 ... .max))"}"#
            }
        }
    }

    init(_ socketPath: String) async throws {
        self.socketPath = socketPath
        client = LifecycleClient(socketPath: socketPath)
        _ = try await client.grantCredits(userId: "bench", credits: 1_000_000_000, reason: "bench")
        project = try await client.createProject(userId: "bench", credits: 1).project.projectId
    }

    @Sendable func getStatus() async throws { _ = try await client.getStatus(project) }
    @Sendable func create() async throws { _ = try await client.createProject(userId: "bench", credits: 1) }

    func compare(
        _ method: String, _ count: Int, _ tasks: Int, _ call: @escaping @Sendable () async throws -> Void,
        params: @Sendable () -> String
    ) async throws {
        var raws: [Double] = []
        var clients: [Double] = []
        for _ in 0..<5 {
            let lines = (0..<count).map { _ in
                Array(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params())}"#.utf8) + [0x0A]
            }
            raws.append(
                perSecond(count) {
                    var connection = RawConnection(socketPath)
                    connection.exchange(lines, window: tasks)
                })
            clients.append(try await perSecond(count) { try await byClient(count, tasks: tasks, call) })
        }
        let (raw, ours) = (raws.sorted()[2], clients.sorted()[2])
        Self.say(
            method + padded(tasks, 19 - method.utf8.count) + padded(Int(raw), 11) + padded(Int(ours), 11)
                + padded((ours / raw * 100).rounded() / 100, 7))
    }

    func byClient(_ count: Int, tasks: Int, _ call: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<tasks {
                group.addTask { for _ in 0..<(count / tasks) { try await call() } }
            }
            try await group.waitForAll()
        }
    }

    /// A line at once, also into a pipe: a round takes a while.
    private static func say(_ line: String) {
        let text = Array((line + "\n").utf8)
        _ = write(STDOUT_FILENO, text, text.count)
    }

    private func perSecond(_ count: Int, _ body: () -> Void) -> Double {
        let start = ContinuousClock.now
        body()
        return Self.perSecond(count, since: start)
    }

    private func perSecond(_ count: Int, _ body: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await body()
        return Self.perSecond(count, since: start)
    }

    private static func perSecond(_ count: Int, since start: ContinuousClock.Instant) -> Double {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Double(count) / (Double(seconds) + Double(attoseconds) / 1e18)
    }

    private func padded(_ value: some CustomStringConvertible, _ width: Int) -> String {
        let text = value.description
        return String(repeating: " ", count: max(0, width - text.utf8.count)) + text
    }
}
