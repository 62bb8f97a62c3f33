import CoreMetrics
import LifecycleClient
import LifecycleTesting
import Logging
import TestSupport
import Testing

/// Metrics have one home for a whole process: each test has a process of its own.
@Suite("What a client tells of itself", .timeLimit(.minutes(60)))
struct TelemetryTests {
    /// What must stand in no log line and no label. All begin with the same word, which is looked for.
    private static let request: CreateProject = {
        var request = CreateProject(userId: "private-user", credits: 7, idempotencyKey: "private-key")
        request.name = "private-name"
        request.externalId = "private-external"
        request.metadata = try? Metadata(json: #"{"private-member":"private-value"}"#)
        return request
    }()

    private static func client(_ path: String, _ lines: Box<[String]>) -> LifecycleClient {
        LifecycleClient(path) {
            $0.connectTimeout = .zero
            $0.logger = Logger(label: "test") { _ in RecordedLog(lines) }
        }
    }

    @Test("calls, refusals and connections are counted and logged, over the socket")
    func socket() async {
        await #expect(processExitsWith: .success) {
            let metrics = RecordedMetrics()
            MetricsSystem.bootstrap(metrics)
            let lines = Box<[String]>([])
            let server = try HostileServer { peer, number in
                let first = try peer.request()
                if number == 1 {
                    try peer.send(first.answer)
                    try peer.send(peer.request().refusal(1002, "insufficientCredits"))
                    // Hangs up on the third, which is answered on the next connection.
                    _ = try peer.request()
                    return
                }
                try peer.send(first.answer)
                peer.waitForEnd()
            }
            let client = Self.client(server.path, lines)
            try await finish("a call") { try await client.ask("private-user") }
            let refusal = try await failure("a refusal") { try await client.call(Self.request) }
            #expect(refusal.kind == .insufficientCredits)
            try await finish("a repeated call") { try await client.ask("private-user") }
            server.stop()
            let error = try await failure("a call without a server") { try await client.call(Self.request) }
            #expect(error.code == .unreachable)
            await client.close()

            #expect(metrics.sum("lifecycle_client_connects") == 2)
            #expect(metrics.sum("lifecycle_client_disconnects") == 2)
            let calls = metrics.values.filter { $0.key.hasPrefix("lifecycle_client_calls") }
            #expect(
                calls == [
                    "lifecycle_client_calls{method=getBalance,outcome=ok}": [1, 1],
                    "lifecycle_client_calls{method=createProject,outcome=insufficientCredits}": [1],
                    "lifecycle_client_calls{method=createProject,outcome=unreachable}": [1],
                ])
            let times = metrics.values.filter { $0.key.hasPrefix("lifecycle_client_call_duration") }
            #expect(times.mapValues(\.count).values.sorted() == [1, 1, 2])
            #expect(times.values.joined().allSatisfy { (1...20_000_000_000).contains($0) })
            #expect(
                lines.value.filter { !$0.contains("the daemon ended") && !$0.contains("cannot connect") } == [
                    "debug connected to the daemon",
                    "debug call failed method=createProject outcome=insufficientCredits",
                    "debug connected to the daemon",
                    "warning call failed method=createProject outcome=unreachable",
                ])
            #expect(lines.value.filter { $0.hasPrefix("info the connection to the daemon ended reason=") }.count == 2)
            #expect(lines.value.contains("warning cannot connect to the daemon reason=Connection refused"))
            for text in lines.value + metrics.values.keys { #expect(!text.contains("private"), "\(text)") }
        }
    }

    @Test("calls and refusals are counted in process")
    func inProcess() async {
        await #expect(processExitsWith: .success) {
            let metrics = RecordedMetrics()
            MetricsSystem.bootstrap(metrics)
            let client = LifecycleClient.inProcess()
            _ = await #expect(throws: ClientError.self) { try await client.call(Self.request) }
            _ = try await client.grantCredits(userId: "private-user", credits: 7, reason: "private-reason")
            _ = try await client.call(Self.request)
            _ = await #expect(throws: ClientError.self) { try await client.call(method: "getBalance", params: "[]") }
            let calls = metrics.values.filter { $0.key.hasPrefix("lifecycle_client_calls") }
            #expect(
                calls == [
                    "lifecycle_client_calls{method=createProject,outcome=insufficientCredits}": [1],
                    "lifecycle_client_calls{method=grantCredits,outcome=ok}": [1],
                    "lifecycle_client_calls{method=createProject,outcome=ok}": [1],
                    "lifecycle_client_calls{method=getBalance,outcome=invalidParams}": [1],
                ])
            #expect(metrics.sum("lifecycle_client_connects") == 0)
            for text in metrics.values.keys { #expect(!text.contains("private"), "\(text)") }
        }
    }

    /// A line with which a peer gives back what it was asked.
    private static let echoes = [
        #"{"jsonrpc":"2.0","id":null,"error":{"code":-32009,"message":"private-user","data":{"kind":"busy"}}}"#,
        #"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"private-user","data":{"kind":"private-user"}}}"#,
        #"{"jsonrpc":"2.0","id":null,"error":{"code":-31000,"message":"private-user","data":{"kind":"private-user"}}}"#,
        #"{"jsonrpc":"2.0","id":"private-user","result":{}}"#,
        #"{"private-user":"private-user"}"#,
        "private-user",
    ]

    @Test("what a peer says back is not logged")
    func echo() async throws {
        let lines = Box<[String]>([])
        for echo in Self.echoes {
            let server = try HostileServer { peer, number in
                let request = try peer.request()
                // The first answer is good, so that a refused connection differs from a lost one.
                try peer.send(number == 1 ? request.answer : echo + "\n")
                if number == 1 {
                    _ = try peer.request()
                    try peer.send(echo + "\n")
                }
                peer.waitForEnd()
            }
            let client = Self.client(server.path, lines)
            try await finish("a call") { try await client.ask("private-user") }
            _ = try await failure(echo) { try await client.askOnce("private-user", timeout: .milliseconds(300)) }
        }
        #expect(lines.value.count >= 3 * Self.echoes.count)
        for line in lines.value { #expect(!line.contains("private"), "\(line)") }
    }

    @Test("a kind that the client does not know makes no label of its own")
    func unknownKind() async {
        await #expect(processExitsWith: .success) {
            let metrics = RecordedMetrics()
            MetricsSystem.bootstrap(metrics)
            let server = try HostileServer { peer, _ in
                while true { try peer.send(peer.request().refusal(1999, "private-user")) }
            }
            let lines = Box<[String]>([])
            let client = Self.client(server.path, lines)
            let error = try await failure("a refusal") { try await client.ask("private-user") }
            #expect(error.kind?.name == "private-user")
            #expect(metrics.sum("lifecycle_client_calls{method=getBalance,outcome=refused}") == 1)
            for text in lines.value + metrics.values.keys { #expect(!text.contains("private"), "\(text)") }
        }
    }
}
