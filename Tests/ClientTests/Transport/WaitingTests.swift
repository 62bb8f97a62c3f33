import Foundation
import LifecycleClient
import TestSupport
import Testing

@testable import LifecycleClient

@Suite("a peer that keeps one waiting", .timeLimit(.minutes(60)))
struct WaitingTests {
    /// Answers all but the user `silent`.
    private static func silentServer() throws -> HostileServer {
        try HostileServer { peer, _ in
            while true {
                let request = try peer.request()
                if request.userId != "silent" { try peer.send(request.answer) }
            }
        }
    }

    @Test("a call that is never answered ends in time, and others are served meanwhile")
    func noReply() async throws {
        let server = try Self.silentServer()
        let client = LifecycleClient(server.path)
        async let error = failure("the silent call") { try await client.ask("silent", timeout: .milliseconds(300)) }
        for index in 0..<20 { try await finish("call \(index)") { try await client.ask("u\(index)") } }
        #expect(try await error.code == .timedOut)
        #expect(try await error.outcome == .unknown)
        #expect(try await error.message.contains("0.3 seconds"))
        try await finish("the next") { try await client.ask() }
        #expect(server.connections == 1)
    }

    @Test("a time of nothing or less sends nothing", arguments: [Duration.zero, .seconds(-1), .seconds(Int64.min)])
    func noTime(_ timeout: Duration) async throws {
        let server = try Self.silentServer()
        let client = LifecycleClient(server.path)
        let error = try await failure("a call") { try await client.ask("a", timeout: timeout) }
        #expect(error.code == .timedOut)
        #expect(error.outcome == .notDone)
        try await finish("the next") { try await client.ask("b") }
        #expect(server.requests.map(\.userId) == ["b"])
    }

    @Test("an enormous time is a year", arguments: [Duration.seconds(Int64.max), .seconds(1e18)])
    func muchTime(_ timeout: Duration) async throws {
        let server = try Self.silentServer()
        let client = LifecycleClient(server.path) {
            $0.connectTimeout = timeout
            $0.idleTimeout = timeout
        }
        try await finish("a call") { try await client.ask(timeout: timeout) }
        let waiting = Task { try await client.ask("silent", timeout: timeout) }
        try await eventually("the request") { server.requests.count == 2 }
        waiting.cancel()
        #expect(try await failure("the cancelled call") { try await waiting.value }.code == .cancelled)
    }

    @Test("a cancelled call ends at once; its answer, when it comes, disturbs nobody")
    func cancelled() async throws {
        let isAllowed = Box(false)
        let server = try HostileServer { peer, _ in
            let held = try peer.request()
            try waitFor("the permission to answer") { isAllowed.value }
            try peer.send(held.answer)
            try peer.serve()
        }
        let client = LifecycleClient(server.path)
        let waiting = Task { try await client.ask("held") }
        try await eventually("the request") { server.requests.count == 1 }
        waiting.cancel()
        let error = try await failure("the cancelled call") { try await waiting.value }
        #expect(error.code == .cancelled)
        #expect(error.outcome == .unknown)
        isAllowed.change { $0 = true }
        for index in 0..<5 { try await finish("call \(index)") { try await client.ask("u\(index)") } }
        waiting.cancel()
        #expect(server.connections == 1)
    }

    @Test("what a cancelled task asks for is not sent")
    func cancelledBefore() async throws {
        let server = try Self.silentServer()
        let client = LifecycleClient(server.path)
        let error = try await failure("a call of a cancelled task") {
            try await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await client.ask("never")
            }.value
        }
        #expect(error.code == .cancelled)
        #expect(error.outcome == .notDone)
        try await finish("the next") { try await client.ask("b") }
        #expect(server.requests.map(\.userId) == ["b"])
    }

    @Test("tasks that are cancelled at any moment end, each with its answer or as cancelled")
    func cancelledAnywhere() async throws {
        let server = try HostileServer { peer, _ in try peer.serve() }
        let client = LifecycleClient(server.path) { $0.maximumInFlight = 4 }
        try await finish("500 calls") {
            try await withThrowingTaskGroup { group in
                for index in 0..<500 {
                    group.addTask {
                        let call = Task { try await client.ask("u\(index)") }
                        for _ in 0..<(index % 7) { await Task.yield() }
                        call.cancel()
                        do { try await call.value } catch let error as ClientError where error.code == .cancelled {}
                    }
                }
                try await group.waitForAll()
            }
        }
        try await finish("the next") { try await client.ask() }
        #expect(server.connections == 1)
    }

    @Test(
        "the place in flight of a call that was cancelled, or whose time was over, is given to the next",
        arguments: [true, false])
    func placeInFlight(_ isCancelled: Bool) async throws {
        let server = try Self.silentServer()
        let client = LifecycleClient(server.path) { $0.maximumInFlight = 1 }
        let first = Task { try await client.ask("silent", timeout: isCancelled ? .seconds(300) : .milliseconds(200)) }
        try await eventually("the request") { server.requests.count == 1 }
        let second = Task { try await client.ask("b") }
        if isCancelled {
            try await eventually("a second call") { client.pending == 2 }
            first.cancel()
        }
        try await finish("the second call") { try await second.value }
        _ = try await failure("the first call") { try await first.value }
    }

    @Test("a busy daemon is asked again until it has time; nothing is done twice")
    func busy() async throws {
        let server = try HostileServer { peer, _ in
            for _ in 0..<3 { try peer.send(peer.request().refusal(-32009, "busy", retryable: true)) }
            try peer.serve()
        }
        let client = LifecycleClient(server.path)
        try await finish("a call that may not be repeated") { try await client.askOnce() }
        #expect(server.requests.count == 4)
        #expect(server.connections == 1)
    }

    @Test("a daemon that stays busy has done nothing when the time is over")
    func alwaysBusy() async throws {
        let server = try HostileServer { peer, _ in
            while true { try peer.send(peer.request().refusal(-32009, "busy", retryable: true)) }
        }
        let client = LifecycleClient(server.path)
        let error = try await failure("a call") { try await client.ask(timeout: .milliseconds(500)) }
        // Unless its time ends while it is asked once more.
        #expect(error.kind == .busy && error.outcome == .notDone || error.code == .timedOut)
        #expect(server.requests.count <= 9)
    }

    @Test(
        "a refusal of the repeat tells of the first only when the ledger itself says no",
        arguments: [
            (1002, "insufficientCredits", false), (1008, "storageUnavailable", true), (-32603, "internalError", true),
        ])
    func refusedRepeat(_ code: Int, _ kind: String, _ isUnknown: Bool) async throws {
        let server = try HostileServer { peer, number in
            let request = try peer.request()
            if number > 1 {
                try peer.send(request.refusal(code, kind))
                peer.waitForEnd()
            }
        }
        let client = LifecycleClient(server.path)
        let error = try await failure("a create") { try await client.createProject(userId: "u", credits: 1) }
        #expect(error.kind?.name == kind)
        #expect(error.outcome == (isUnknown ? .unknown : .notDone))
        #expect(server.requests.count == 2)
    }

    @Test("a peer that does not read costs little memory, and when it reads all goes on")
    func neverReads() async throws {
        let isAllowed = Box(false)
        let server = try HostileServer { peer, _ in
            try waitFor("the permission to read") { isAllowed.value }
            try peer.serve()
        }
        let client = LifecycleClient(server.path)
        let filler = String(repeating: "x", count: 1_000_000)
        for index in 0..<20 {
            let error = try await failure("call \(index)") {
                try await client.call(
                    method: "big", params: #"{"filler":"\#(filler)"}"#, timeout: .milliseconds(20))
            }
            #expect(error.code == .timedOut)
        }
        #expect(client.outgoingBytes < 3_000_000)
        #expect(client.pending == 0)
        isAllowed.change { $0 = true }
        try await finish("a call when it reads") { try await client.ask() }
        #expect(server.connections == 1)
        #expect(server.requests.count < 5, "what was over before it could be sent is not sent")
    }

    @Test("200 tasks at once have their own answers, and never more in flight than allowed", arguments: [1, 2, 256])
    func manyTasks(_ maximum: Int) async throws {
        let most = Box(0)
        let server = try HostileServer { peer, _ in
            while true {
                var requests = [try peer.request()]
                while let next = try peer.waitingRequest() { requests.append(next) }
                most.change { [count = requests.count] in $0 = max($0, count) }
                for request in requests.shuffled() { try peer.send(request.answer) }
            }
        }
        let client = LifecycleClient(server.path) { $0.maximumInFlight = maximum }
        try await finish("200 tasks") {
            try await withThrowingTaskGroup { group in
                for task in 0..<200 {
                    group.addTask { for call in 0..<5 { try await client.ask("u\(task)-\(call)") } }
                }
                try await group.waitForAll()
            }
        }
        #expect(most.value <= maximum)
        #expect(server.connections == 1)
        #expect(server.requests.count == 1000)
    }
}
