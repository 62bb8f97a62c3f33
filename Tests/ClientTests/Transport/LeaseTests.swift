import LifecycleClient
import Logging
import TestSupport
import Testing

@testable import LifecycleClient

@Suite("a lease that is tied to the client's connection", .timeLimit(.minutes(60)))
struct LeaseTests {
    private static let project = ProjectID(high: 1, low: 1)

    /// Answers as a daemon whose only project is in this status.
    private static func serve(_ peer: Peer, _ status: Box<String>) throws {
        while true { try peer.send(answer(to: peer.request(), status.value)) }
    }

    private static func answer(to request: Request, _ status: String) -> String {
        switch request.method {
        case "heartbeat":
            request.reply(
                #""result":{"status":"\#(status)","cancelRequested":false\#(pausedUntil(request.pause != nil))}"#)
        case "getStatus", "updateStatus":
            request.reply(#""result":{"project":{"projectId":"\#(request.projectId)","status":"\#(status)"}}"#)
        default: request.answer
        }
    }

    private static func pausedUntil(_ isPaused: Bool) -> String {
        isPaused ? #","pausedUntil":"2027-01-15T08:00:00.000Z""# : ""
    }

    private static func client(_ path: String, _ log: Box<[String]> = Box([])) -> LifecycleClient {
        LifecycleClient(path) {
            $0.idleTimeout = .milliseconds(50)
            $0.logger = Logger(label: "test") { _ in RecordedLog(log) }
        }
    }

    /// Heartbeats that tie the lease, the app's and the client's own.
    private static func attachments(_ server: HostileServer) -> Int {
        server.requests.count { $0.method == "heartbeat" && $0.attach == true && $0.projectId == project.description }
    }

    @Test("keeps an idle connection open until the project has ended, wherever it was reported")
    func keepsOpen() async throws {
        let status = Box("processing")
        let server = try HostileServer { peer, _ in try Self.serve(peer, status) }
        let log = Box<[String]>([])
        let client = Self.client(server.path, log)
        _ = try await finish("a heartbeat") { try await client.heartbeat(Self.project, attach: true) }
        // It asks in place of closing.
        try await eventually("three times the idle time") {
            server.requests.count { $0.method == "getStatus" && $0.projectId == Self.project.description } >= 3
        }
        #expect(server.connections == 1 && server.openConnections == 1)
        #expect(Self.attachments(server) == 1, "it does not beat for the caller")
        status.change { $0 = "failed" }
        try await eventually("the end of the idle connection") { server.openConnections == 0 }
        #expect(client.leases == 0)
        #expect(log.value.contains { $0.contains("have ended") })
    }

    @Test("a heartbeat that ties nothing, or that is refused, keeps nothing open", arguments: ["plain", "refused"])
    func keepsNothing(_ how: String) async throws {
        let server = try HostileServer { peer, _ in
            while true {
                let request = try peer.request()
                let isRefused = how == "refused"
                try peer.send(
                    isRefused ? request.refusal(1001, "projectNotFound") : Self.answer(to: request, "processing"))
            }
        }
        let client = Self.client(server.path)
        _ = try? await client.heartbeat(Self.project, attach: how == "refused")
        try await eventually("the end of the idle connection") { server.openConnections == 0 }
        #expect(client.leases == 0)
    }

    @Test("is tied again after a lost connection, without a call", arguments: ["hang up", "garbage", "complaint"])
    func tiedAgain(_ end: String) async throws {
        let status = Box("processing")
        let server = try HostileServer { peer, number in
            guard number == 1 else { return try Self.serve(peer, status) }
            try peer.send(Self.answer(to: peer.request(), "processing"))
            switch end {
            case "garbage": try peer.send("no JSON\n")
            case "complaint":
                try peer.send(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}}"# + "\n")
            default: break
            }
        }
        let log = Box<[String]>([])
        let client = Self.client(server.path, log)
        _ = try await finish("a heartbeat") { try await client.heartbeat(Self.project, attach: true) }
        try await eventually("a second attachment") { Self.attachments(server) == 2 }
        try await eventually("a look at it on that connection") {
            server.requests.contains { $0.method == "getStatus" }
        }
        #expect(server.connections == 2)
        #expect(log.value.contains { $0.contains("attaching leases again") && $0.contains("leases=1") })
        status.change { $0 = "completed" }
        try await eventually("the end of the idle connection") { server.openConnections == 0 }
    }

    @Test("is tied again before all that waits when the daemon comes back, however long it was away")
    func tiedAgainLate() async throws {
        let folder = try ScratchFolder()
        let first = try HostileServer(in: folder) { peer, _ in try Self.serve(peer, Box("processing")) }
        let client = Self.client(first.path)
        _ = try await finish("a heartbeat") { try await client.heartbeat(Self.project, attach: true) }
        first.stop()
        try await eventually("a failed try to connect") { client.isOut }
        let others = (0..<5).map { index in
            Task {
                // The daemon may come later than the client waits for it.
                while (try? await client.ask("u\(index)")) == nil {}
            }
        }
        let second = try HostileServer(in: folder) { peer, _ in try Self.serve(peer, Box("processing")) }
        try await eventually("an attachment") { Self.attachments(second) == 1 }
        #expect(second.requests.first?.method == "heartbeat")
        for other in others { try await finish("a call") { await other.value } }
        #expect(client.leases == 1)
    }

    @Test("is forgotten when the daemon says that the project has ended meanwhile", arguments: ["failed", "unknown"])
    func endedMeanwhile(_ how: String) async throws {
        let server = try HostileServer { peer, number in
            let request = try peer.request()
            guard number > 1 else { return try peer.send(Self.answer(to: request, "processing")) }
            try peer.send(
                how == "failed" ? Self.answer(to: request, "failed") : request.refusal(1001, "projectNotFound"))
            peer.waitForEnd()
        }
        let client = Self.client(server.path)
        _ = try await finish("a heartbeat") { try await client.heartbeat(Self.project, attach: true) }
        try await eventually("a second connection, and its end") {
            server.connections == 2 && server.openConnections == 0
        }
        #expect(client.leases == 0)
    }

    @Test("a call that times out does not close the connection that holds it")
    func timedOutCall() async throws {
        let server = try HostileServer { peer, _ in
            while true {
                let request = try peer.request()
                if request.userId != "silent" { try peer.send(Self.answer(to: request, "processing")) }
            }
        }
        let client = Self.client(server.path)
        _ = try await finish("a heartbeat") { try await client.heartbeat(Self.project, attach: true) }
        let error = try await failure("a call") { try await client.ask("silent", timeout: .milliseconds(50)) }
        #expect(error.code == .timedOut)
        try await eventually("a look at the lease") { server.requests.contains { $0.method == "getStatus" } }
        #expect(server.connections == 1 && server.openConnections == 1)
    }

    @Test("a heartbeat whose answer does not come in time may have tied it: the client makes sure of it")
    func unknownOutcome() async throws {
        let server = try HostileServer { peer, _ in
            _ = try peer.request()
            try Self.serve(peer, Box("processing"))
        }
        let client = Self.client(server.path)
        let error = try await failure("a heartbeat") {
            var request = Heartbeat(projectId: Self.project)
            request.attach = true
            return try await client.call(request, timeout: .milliseconds(50))
        }
        #expect(error.outcome == .unknown)
        try await eventually("another attachment") { Self.attachments(server) == 2 }
        try await eventually("a look at the lease") { server.requests.contains { $0.method == "getStatus" } }
        #expect(client.leases == 1 && server.connections == 1)
    }

    @Test("is over when the caller says so, or learns of the end by another call", arguments: ["detach", "report"])
    func released(_ how: String) async throws {
        let status = Box("processing")
        let server = try HostileServer { peer, _ in try Self.serve(peer, status) }
        let client = Self.client(server.path)
        _ = try await finish("a heartbeat") { try await client.heartbeat(Self.project, attach: true) }
        if how == "detach" {
            _ = try await finish("the detachment") { try await client.detach(Self.project) }
            #expect(server.requests.last { $0.method == "heartbeat" }?.attach == false)
        } else {
            status.change { $0 = "completed" }
            let params = #"{"projectId":"\#(Self.project)","status":"completed"}"#
            _ = try await finish("a report") { try await client.call(method: "updateStatus", params: params) }
        }
        #expect(client.leases == 0)
        try await eventually("the end of the idle connection") { server.openConnections == 0 }
    }

    @Test(
        "is not tied again while the project is paused, which would end the pause",
        arguments: ["own pause", "its answer is lost", "another's pause"])
    func paused(_ how: String) async throws {
        let server = try HostileServer { peer, number in
            while true {
                let request = try peer.request()
                if request.pause != nil, number == 1, how == "its answer is lost" { return }
                guard request.method == "getStatus", how == "another's pause" else {
                    try peer.send(Self.answer(to: request, "processing"))
                    continue
                }
                let project = #"{"projectId":"\#(request.projectId)","status":"processing"\#(Self.pausedUntil(true))}"#
                try peer.send(request.reply(#""result":{"project":\#(project)}"#))
            }
        }
        let client = Self.client(server.path)
        _ = try await finish("a heartbeat") { try await client.heartbeat(Self.project, attach: true) }
        if how != "another's pause" {
            let answer = try await finish("a pause") { try await client.heartbeat(Self.project, pause: 60) }
            #expect(answer.pausedUntil != nil)
            #expect(server.requests.last { $0.method == "heartbeat" }?.pause == 60, "nothing of it ends the pause")
        }
        try await eventually("the end of the idle connection") { server.openConnections == 0 }
        #expect(client.leases == 0)
        #expect(Self.attachments(server) == 1)
    }

    @Test("ends with the client, which says so, also while it is lost", arguments: ["held", "lost", "dropped"])
    func closed(_ how: String) async throws {
        let server = try HostileServer { peer, _ in try Self.serve(peer, Box("processing")) }
        let log = Box<[String]>([])
        var client: LifecycleClient? = Self.client(server.path, log)
        _ = try await finish("a heartbeat") { [client] in try await client?.heartbeat(Self.project, attach: true) }
        if how == "lost" {
            server.stop()
            try await eventually("a failed try to connect") { client?.isOut ?? false }
        }
        if how != "dropped" { try await finish("close") { [client] in await client?.close() } }
        client = nil
        try await eventually("the end of the connection") { server.openConnections == 0 }
        try await eventually("a line of the log") { log.value.contains { $0.contains("closed with attached leases") } }
    }

    @Test("no idle time at all keeps it open as well")
    func neverIdle() async throws {
        let server = try HostileServer { peer, _ in try Self.serve(peer, Box("processing")) }
        let client = LifecycleClient(server.path) { $0.idleTimeout = .zero }
        _ = try await finish("a heartbeat") { try await client.heartbeat(Self.project, attach: true) }
        for index in 0..<5 { try await finish("call \(index)") { try await client.ask("u\(index)") } }
        #expect(server.connections == 1 && server.openConnections == 1)
    }

    @Test(
        "a heartbeat is known however it is written",
        arguments: [
            (#"{"projectId":"ID","attach":true}"#, "attach"), (#"["ID",null,null,null,true]"#, "attach"),
            (#"{"externalId":"e","attach":true}"#, "attach"), (#"[null,"e",0.5,"m",false]"#, "detach"),
            (#"{"projectId":"ID"}"#, "look"), (#"{"projectId":"ID","pause":60}"#, "pause"),
            (#"{"attach":true}"#, "nothing"),
            (#"{"projectId":"ID","x":1}"#, "nothing"),
        ])
    func written(_ params: String, _ expected: String) {
        let text = params.replacing("ID", with: Self.project.description)
        let request = OutgoingRequest("heartbeat", params: Array(text.utf8), isRepeatable: true, timeout: .seconds(1))
        let found =
            switch LeaseCall(request) {
            case .attach?: "attach"
            case .detach?: "detach"
            case .look?: "look"
            case .pause?: "pause"
            case nil: "nothing"
            }
        #expect(found == expected)
        let other = OutgoingRequest("getStatus", params: request.params, isRepeatable: true, timeout: .seconds(1))
        #expect(LeaseCall(other).map { _ in true } == nil)
    }
}
