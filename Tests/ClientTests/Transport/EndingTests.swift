import LifecycleClient
import TestSupport
import Testing

@testable import LifecycleClient

@Suite("the end of a client, and of its connections", .timeLimit(.minutes(60)))
struct EndingTests {
    @Test("close waits for the calls that were begun, and refuses later ones")
    func close() async throws {
        let isAllowed = Box(false)
        let server = try HostileServer { peer, _ in
            let requests = try (0..<5).map { _ in try peer.request() }
            try waitFor("the permission to answer") { isAllowed.value }
            for request in requests { try peer.send(request.answer) }
            peer.waitForEnd()
        }
        let client = LifecycleClient(server.path)
        let calls = (0..<5).map { index in Task { try await client.ask("u\(index)") } }
        try await eventually("5 requests") { server.requests.count == 5 }
        let closers = (0..<3).map { _ in
            Task {
                await client.close()
                return client.pending
            }
        }
        try await eventually("the closing") { client.isClosing }
        let error = try await failure("a later call") { try await client.ask() }
        #expect(error.code == .closed)
        #expect(error.outcome == .notDone)
        isAllowed.change { $0 = true }
        for call in calls { try await finish("a call that was begun") { try await call.value } }
        for closer in closers { #expect(try await finish("close") { await closer.value } == 0) }
        try await eventually("the end of the connection") { server.openConnections == 0 }
        #expect(try await failure("a call of a closed client") { try await client.ask() }.code == .closed)
        try await finish("another close") { await client.close() }
    }

    @Test("a client that was never used closes at once")
    func closeUnused() async throws {
        let client = LifecycleClient("/nowhere")
        try await finish("close") { await client.close() }
        #expect(try await failure("a call") { try await client.ask() }.code == .closed)
    }

    @Test("close ends when the last call is cancelled, or its time is over", arguments: [true, false])
    func closeWithSilence(_ isCancelled: Bool) async throws {
        let server = try HostileServer { peer, _ in
            while true { _ = try peer.request() }
        }
        let client = LifecycleClient(server.path)
        let call = Task { try await client.ask(timeout: isCancelled ? .seconds(300) : .milliseconds(200)) }
        try await eventually("the request") { server.requests.count == 1 }
        let closer = Task { await client.close() }
        try await eventually("the closing") { client.isClosing }
        if isCancelled { call.cancel() }
        try await finish("close") { await closer.value }
        _ = try await failure("the call") { try await call.value }
    }

    @Test("a call that was begun is carried over a lost connection while the client closes")
    func closeOverLoss() async throws {
        let isAllowed = Box(false)
        let server = try HostileServer { peer, number in
            if number > 1 { try peer.serve() }
            _ = try peer.request()
            try waitFor("the permission to hang up") { isAllowed.value }
        }
        let client = LifecycleClient(server.path)
        let call = Task { try await client.ask() }
        try await eventually("the request") { server.requests.count == 1 }
        let closer = Task { await client.close() }
        try await eventually("the closing") { client.isClosing }
        isAllowed.change { $0 = true }
        try await finish("the call") { try await call.value }
        try await finish("close") { await closer.value }
    }

    @Test("fifty clients that nobody holds any more end their threads and connections")
    func dropped() async throws {
        let server = try HostileServer { peer, _ in try peer.serve() }
        var transports: [Weak] = []
        for _ in 0..<50 {
            let client = LifecycleClient(server.path)
            try await finish("a call") { try await client.ask() }
            transports.append(Weak(transport: client.socketTransport))
        }
        // The thread holds the transport until it ends, and the transport holds the socket.
        let held = transports
        try await eventually("the end of all threads") { held.allSatisfy { $0.transport == nil } }
        try await eventually("the end of all connections") { server.openConnections == 0 }
        #expect(server.connections == 50)
    }

    private struct Weak: Sendable {
        weak let transport: SocketTransport?
    }

    @Test("a client that is dropped while its daemon is away ends too")
    func droppedWithoutDaemon() async throws {
        let folder = try ScratchFolder()
        var client: LifecycleClient? = LifecycleClient(folder.file("s"))
        let call = Task { [client] in try await client?.ask() }
        let transport = Weak(transport: client?.socketTransport)
        try await eventually("a call that waits") { client?.pending == 1 }
        call.cancel()
        _ = try await failure("the call") { try await call.value }
        client = nil
        try await eventually("the end of the thread") { transport.transport == nil }
    }

    @Test("an idle connection is closed, and opened again by the next call; what was sent on it is known")
    func idle() async throws {
        let server = try HostileServer { peer, number in
            if number == 1 { try peer.serve() }
            _ = try peer.request()
        }
        let client = LifecycleClient(server.path) { $0.idleTimeout = .milliseconds(50) }
        // More bytes than the next one has: the connections' bytes are not counted together.
        try await finish("a call") { try await client.ask(String(repeating: "u", count: 100)) }
        try await eventually("the end of the idle connection") { server.openConnections == 0 }
        #expect(server.connections == 1)
        let error = try await failure("a call that the peer does not answer") { try await client.askOnce("once") }
        #expect(error.code == .connectionLost)
        #expect(error.outcome == .unknown)
        #expect(server.requests.filter { $0.userId == "once" }.count == 1)
    }

    @Test("no idle time at all closes the connection after each call")
    func neverIdle() async throws {
        let server = try HostileServer { peer, _ in try peer.serve() }
        let client = LifecycleClient(server.path) { $0.idleTimeout = .zero }
        for index in 0..<5 {
            try await finish("call \(index)") { try await client.ask("u\(index)") }
            try await eventually("the end of the connection") { server.openConnections == 0 }
        }
        #expect(server.connections == 5)
    }
}
