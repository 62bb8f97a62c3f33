import LifecycleClient
import Synchronization
import TestSupport
import Testing

@testable import LifecycleClient

@Suite("A watch and a server that misbehaves", .timeLimit(.minutes(60)))
struct WatchConnectionTests {
    private static func event(_ seq: Int, kind: String = "granted") -> String {
        let params =
            #"{"seq":\#(seq),"kind":"\#(kind)","at":"2026-01-01T00:00:00.000Z","userId":"u","uid":1,"gid":1,"pid":1}"#
        return #"{"jsonrpc":"2.0","method":"event","params":\#(params)}"# + "\n"
    }

    /// Events until the end, or so many.
    private static func take(_ count: Int, of events: EventSequence) async throws -> [Int64] {
        var seqs: [Int64] = []
        for try await event in events {
            seqs.append(event.seq)
            if seqs.count == count { break }
        }
        return seqs
    }

    @Test("goes on after its last event on the next connection, wherever the last one was cut")
    func resumes() async throws {
        let server = try HostileServer { peer, number in
            let request = try peer.request()
            try peer.send(request.reply(#""result":{"seq":100}"#))
            let from = request.fromSeq ?? 100
            try peer.send(Self.event(from + 1) + Self.event(from + 2) + Self.event(from + 3).dropLast(number % 90 + 1))
        }
        let client = LifecycleClient(server.path)
        let seqs = try await finish("the events") { try await Self.take(60, of: client.watch()) }
        #expect(seqs == Array(101...160))
        #expect(server.requests.dropFirst().allSatisfy { $0.fromSeq.map { $0 > 100 } ?? false })
    }

    @Test("without an event it goes on from where the daemon said it begins")
    func resumesWithoutEvent() async throws {
        let server = try HostileServer { peer, number in
            let request = try peer.request()
            try peer.send(request.reply(#""result":{"seq":\#(10 * number)}"#))
            if number == 3 { try peer.send(Self.event(12)) }
            if number == 3 { peer.waitForEnd() }
        }
        let client = LifecycleClient(server.path)
        let begun = Mutex<[Int64]>([])
        let events = client.watch { seq in begun.withLock { $0.append(seq) } }
        #expect(try await finish("the event") { try await Self.take(1, of: events) } == [12])
        #expect(server.requests.map(\.fromSeq) == [nil, 10, 10])
        #expect(begun.withLock { $0 } == [10], "it begins once")
    }

    @Test("an event that it has, and one before the answer, are not given")
    func repeats() async throws {
        let server = try HostileServer { peer, number in
            let request = try peer.request()
            if number == 1 { try peer.send(Self.event(5)) }
            try peer.send(request.reply(#""result":{"seq":9}"#) + Self.event((request.fromSeq ?? 0) + 1))
            if number == 2 { try peer.send(Self.event(1) + Self.event(2)) }
            peer.waitForEnd()
        }
        let client = LifecycleClient(server.path)
        #expect(try await finish("the events") { try await Self.take(2, of: client.watch(fromSeq: 0)) } == [1, 2])
    }

    @Test("a kind of event that only a newer daemon knows is passed over, and not asked for again")
    func unknownKind() async throws {
        let server = try HostileServer { peer, number in
            let request = try peer.request()
            try peer.send(request.reply(#""result":{"seq":0}"#))
            if number == 1 {
                try peer.send(Self.event(1) + #"{"jsonrpc":"2.0","method":"news","params":[]}"# + "\n")
                try peer.send(Self.event(2, kind: "blessed"))
            } else {
                try peer.send(Self.event((request.fromSeq ?? 0) + 1))
                peer.waitForEnd()
            }
        }
        let client = LifecycleClient(server.path)
        #expect(try await finish("the events") { try await Self.take(2, of: client.watch(fromSeq: 0)) } == [1, 3])
    }

    @Test(
        "what does not speak the protocol is given up after three connections",
        arguments: [
            "HTTP/1.1 400 Bad Request\n", "{}\n", #"{"jsonrpc":"2.0","id":1,"result":{}}"# + "\n",
            #"{"jsonrpc":"2.0","method":"event","params":{}}"# + "\n",
        ])
    func garbage(_ line: String) async throws {
        let server = try HostileServer { peer, _ in
            _ = try peer.request()
            try peer.send(line)
            peer.waitForEnd()
        }
        let client = LifecycleClient(server.path)
        let error = try await failure("garbage") { try await Self.take(1, of: client.watch()) }
        #expect(error.code == .badReply && server.connections == 3)
    }

    @Test("a daemon that is full is asked again")
    func busy() async throws {
        let error = #"{"code":-32009,"message":"Full.","data":{"kind":"busy"}}"#
        let full = #"{"jsonrpc":"2.0","id":null,"error":\#(error)}"# + "\n"
        let server = try HostileServer { peer, number in
            if number < 4 { return try peer.send(full) }
            try peer.send(peer.request().reply(#""result":{"seq":0}"#) + Self.event(1))
            peer.waitForEnd()
        }
        let client = LifecycleClient(server.path)
        #expect(try await finish("the event") { try await Self.take(1, of: client.watch()) } == [1])
        let impatient = LifecycleClient(try HostileServer { peer, _ in try peer.send(full) }.path) {
            $0.connectTimeout = .milliseconds(50)
        }
        _ = try await failure("full for long") { try await Self.take(1, of: impatient.watch()) }
    }

    @Test("a daemon that is not there is an error at the beginning, and waited for later")
    func away() async throws {
        let folder = try ScratchFolder()
        let early = LifecycleClient(folder.file("s")) { $0.connectTimeout = .milliseconds(20) }
        #expect(try await failure("nobody") { try await Self.take(1, of: early.watch()) }.code == .unreachable)

        let script: HostileServer.Script = { peer, number in
            let request = try peer.request()
            try peer.send(request.reply(#""result":{"seq":0}"#) + Self.event((request.fromSeq ?? 0) + 1))
            peer.waitForEnd()
        }
        let first = try HostileServer(in: folder, script)
        let taken = Box<[Int64]>([])
        let watching = Task {
            for try await event in early.watch(fromSeq: 0) {
                taken.change { $0.append(event.seq) }
                if event.seq == 2 { break }
            }
        }
        try await eventually("the first event") { taken.value == [1] }
        first.stop()
        let end = ContinuousClock.now + .milliseconds(200)
        try await eventually("some time beyond the timeout") { ContinuousClock.now > end }
        let second = try HostileServer(in: folder, script)
        try await finish("the second event") { try await watching.value }
        #expect(taken.value == [1, 2] && second.requests.map(\.fromSeq) == [1])
    }

    @Test("an answer that does not come is an error in time")
    func silent() async throws {
        let server = try HostileServer { peer, _ in
            _ = try peer.request()
            peer.waitForEnd()
        }
        let client = LifecycleClient(server.path) {
            $0.callTimeout = .milliseconds(50)
            $0.connectTimeout = .milliseconds(50)
        }
        #expect(try await failure("no answer") { try await Self.take(1, of: client.watch()) }.code == .timedOut)
        try await eventually("the end of the connection") { server.openConnections == 0 }
    }

    @Test("what came before a refusal is given before it")
    func eventsThenRefusal() async throws {
        let server = try HostileServer { peer, _ in
            let request = try peer.request()
            try peer.send(request.reply(#""result":{"seq":2}"#) + Self.event(1) + Self.event(2))
            try peer.send(request.refusal(-32603, "internalError"))
            peer.waitForEnd()
        }
        let client = LifecycleClient(server.path)
        var events = client.watch(fromSeq: 0).makeAsyncIterator()
        #expect(try await events.next()?.seq == 1)
        #expect(try await events.next()?.seq == 2)
        await #expect(throws: ClientError.self) { try await events.next() }
    }

    @Test("no more is read than is taken, by far")
    func backPressure() async throws {
        let sent = Box(0)
        let server = try HostileServer { peer, _ in
            try peer.send(peer.request().reply(#""result":{"seq":0}"#))
            for seq in 1...200_000 {
                try peer.send(Self.event(seq))
                sent.change { $0 = seq }
            }
            peer.waitForEnd()
        }
        let client = LifecycleClient(server.path)
        var events = client.watch(fromSeq: 0).makeAsyncIterator()
        #expect(try await events.next()?.seq == 1)
        // It stands still: what the sockets hold, and some hundreds.
        var last = -1
        try await eventually("the server to be held up") {
            defer { last = sent.value }
            return last > 0 && last == sent.value
        }
        #expect(sent.value < 10_000)
        for seq in Int64(2)...20_000 { try #require(try await events.next()?.seq == seq) }
    }
}
