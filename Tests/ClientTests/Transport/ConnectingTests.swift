import Foundation
import LifecycleClient
import Synchronization
import TestSupport
import Testing

@testable import LifecycleClient

@Suite("a socket that is not what it should be", .timeLimit(.minutes(60)))
struct ConnectingTests {
    @Test(
        "a path that no socket can have is refused at once",
        arguments: ["", String(repeating: "x", count: 108), "a\0b"])
    func badPath(_ path: String) async throws {
        let error = try await failure("a call") { try await LifecycleClient(path).ask() }
        #expect(error.code == .unreachable)
        #expect(error.outcome == .notDone)
        #expect(error.message.contains("107 bytes"))
    }

    /// What is at the path, and whether waiting may help.
    enum Place: CaseIterable {
        case nothing, file, folder, noListener, datagrams
    }

    @Test("what is no daemon's socket is unreachable, and says why", arguments: Place.allCases)
    func wrongPlace(_ place: Place) async throws {
        let folder = try ScratchFolder()
        let path = folder.file("s")
        var descriptor: Int32 = -1
        defer { if descriptor >= 0 { close(descriptor) } }
        switch place {
        case .nothing: break
        case .file: try Data().write(to: URL(fileURLWithPath: path))
        case .folder: mkdir(path, 0o700)
        case .noListener: try HostileServer(in: folder) { _, _ in }.stop()
        case .datagrams:
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            try #require(HostileServer.bind(descriptor, to: path))
        }
        let client = LifecycleClient(path) { $0.connectTimeout = .milliseconds(50) }
        for _ in 0..<3 {
            let error = try await failure("a call") { try await client.ask() }
            #expect(error.code == .unreachable)
            #expect(error.outcome == .notDone)
            #expect(error.message.contains(path))
            #expect(!error.hint.isEmpty)
        }
    }

    @Test("a socket that may not be opened says so at once, whatever the timeout", .disabled(if: Machine.isRoot))
    func noPermission() async throws {
        let server = try HostileServer { peer, _ in try peer.serve() }
        chmod(server.path, 0)
        let error = try await failure("a call") { try await LifecycleClient(server.path).ask() }
        #expect(error.code == .unreachable)
        #expect(error.message.contains("Permission denied"))
        #expect(error.hint.contains("group"))
    }

    @Test("a time that is over while there is no connection says that there was none")
    func overBeforeConnected() async throws {
        let folder = try ScratchFolder()
        let client = LifecycleClient(folder.file("s")) { $0.connectTimeout = .seconds(300) }
        let error = try await failure("a call") { try await client.ask(timeout: .milliseconds(50)) }
        #expect(error.code == .unreachable)
        #expect(error.outcome == .notDone)
    }

    @Test("a daemon that comes late serves all who wait for it")
    func late() async throws {
        let folder = try ScratchFolder()
        let client = LifecycleClient(folder.file("s")) { $0.connectTimeout = .seconds(300) }
        let calls = Task {
            try await withThrowingTaskGroup { group in
                for index in 0..<20 { group.addTask { try await client.ask("u\(index)") } }
                for index in 0..<20 { group.addTask { try await client.askOnce("o\(index)") } }
                try await group.waitForAll()
            }
        }
        let transport = try #require(client.transport as? SocketTransport)
        try await eventually("all calls to wait, and a try to connect to fail") {
            transport.state.withLock { $0.calls.count == 40 && $0.outage != nil }
        }
        let server = try HostileServer(in: folder) { peer, _ in try peer.serve() }
        try await finish("40 calls") { try await calls.value }
        #expect(server.connections == 1)
        #expect(server.requests.count == 40)
    }

    @Test("a peer that hangs up at once is tried again with pauses that grow, until the call's time is over")
    func hangsUpAtOnce() async throws {
        let server = try HostileServer { peer, _ in _ = try peer.request() }
        let client = LifecycleClient(server.path)
        let error = try await failure("a call that may be repeated") { try await client.ask(timeout: .seconds(1)) }
        #expect(error.code == .timedOut)
        #expect(error.outcome == .unknown)
        // At most at 5, 15, 35, 75, 155, 315, 565, 815 ms.
        #expect((3...10).contains(server.connections), "\(server.connections) connections in a second")

        let before = server.connections
        let second = try await failure("a call that may not") { try await client.askOnce() }
        #expect(second.code == .connectionLost)
        #expect(second.outcome == .unknown)
        #expect(server.connections == before + 1)
    }

    @Test(
        "a peer that answers once and hangs up is connected to once for each answer, and with pauses when it stops to")
    func answersOnce() async throws {
        let server = try HostileServer { peer, number in
            let request = try peer.request()
            if number <= 5 { try peer.send(request.answer) }
        }
        let client = LifecycleClient(server.path)
        for index in 0..<5 { try await finish("call \(index)") { try await client.ask("u\(index)") } }
        #expect(server.connections == 5)
        _ = try await failure("a call that is not answered") { try await client.ask(timeout: .milliseconds(500)) }
        #expect(server.connections <= 5 + 8)
    }

    @Test("a peer that answers requests that nobody made and hangs up is not hurried to")
    func answersOthers() async throws {
        let server = try HostileServer { peer, _ in
            _ = try peer.request()
            try peer.send(#"{"jsonrpc":"2.0","id":999999,"result":{}}"# + "\n")
        }
        let client = LifecycleClient(server.path)
        _ = try await failure("a call") { try await client.ask(timeout: .milliseconds(500)) }
        #expect(server.connections <= 8)
    }

    @Test("a peer that reads no more, but does not hang up, is left for a new connection")
    func readsNoMore() async throws {
        let isOver = Box(false)
        defer { isOver.change { $0 = true } }
        let server = try HostileServer { peer, number in
            if number > 1 { try peer.serve() }
            try peer.send(peer.request().answer)
            peer.stopReading()
            try waitFor("the end of the test") { isOver.value }
        }
        let client = LifecycleClient(server.path)
        for index in 0..<5 { try await finish("call \(index)") { try await client.ask("u\(index)") } }
        #expect(server.connections == 2)
    }

    @Test("a connection that is refused as one too many was not read from: even what may be sent once is sent again")
    func connectionLimit() async throws {
        let server = try HostileServer { peer, number in
            if number > 4 { try peer.serve() }
            let busy =
                #"{"jsonrpc":"2.0","id":null,"error":{"code":-32009,"message":"Too many.","data":{"kind":"busy"}}}"#
            try peer.send(busy + "\n")
        }
        let client = LifecycleClient(server.path)
        try await finish("calls") {
            async let first: Void = client.ask("a")
            async let second: Void = client.askOnce("b")
            _ = try await (first, second)
        }
        #expect(server.connections == 5)
        #expect(server.requests.map(\.userId).sorted() == ["a", "b"])
    }

    @Test("a connect that fails closes its own descriptor, and nobody else's")
    func failedConnect() throws {
        let folder = try ScratchFolder()
        let stolen = Box(0)
        try inThreads(4) { index in
            for _ in 0..<20_000 {
                if index < 2 {
                    _ = try? UnixSocket(connectingTo: folder.file("s"))
                } else if close(socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)) != 0 {
                    stolen.change { $0 += 1 }
                }
            }
        }
        #expect(stolen.value == 0)
    }
}
