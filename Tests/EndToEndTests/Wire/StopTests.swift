import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Stopping")
struct StopTests {
    /// A client that keeps writing until its connection ends, and remembers what it was answered.
    private final class LoadedClient: Sendable {
        private let connection: Connection
        private let user: String
        private let answers = Mutex(0)
        private let failure = Mutex<String?>(nil)
        private let done = DispatchSemaphore(value: 0)

        init(_ daemon: TestDaemon, _ user: String) throws {
            connection = try daemon.connect()
            self.user = user
            Thread.detachNewThread { [self] in
                // Ends with EPIPE.
                for number in 0..<1_000_000 {
                    let params = #"["\#(user)",1,"r","\#(user)-\#(number)"]"#
                    let line = #"{"jsonrpc":"2.0","id":\#(number),"method":"grantCredits","params":\#(params)}"# + "\n"
                    guard (try? connection.send(line)) != nil else { return }
                }
            }
            Thread.detachNewThread { [self] in
                read()
                done.signal()
            }
        }

        private func read() {
            do {
                while let line = try connection.line() {
                    let number = answers.withLock { $0 }
                    guard line.hasPrefix(#"{"jsonrpc":"2.0","id":\#(number),"result":"#) else {
                        return failure.withLock { $0 = line }
                    }
                    answers.withLock { $0 += 1 }
                }
            } catch {
                // Requests that were never read make the kernel say "reset" where it would say "end".
                if !"\(error)".contains("reset") { failure.withLock { $0 = "\(error)" } }
            }
        }

        var answered: Int { answers.withLock { $0 } }

        func waitForEnd() throws -> Int {
            done.wait()
            if let failure = failure.withLock({ $0 }) { throw TestFailure(failure) }
            return answered
        }
    }

    @Test(
        "under load everything that was carried out is answered, and everything answered is there afterwards",
        arguments: [SIGTERM, SIGINT])
    func underLoad(_ signal: Int32) throws {
        let daemon = try TestDaemon()
        let users = (0..<4).map { "user\($0)" }
        let clients = try users.map { try LoadedClient(daemon, $0) }
        try waitFor("some load") { clients.allSatisfy { $0.answered > 50 } }
        Foundation.kill(daemon.pid, signal)
        let answered = try clients.map { try $0.waitForEnd() }
        #expect(daemon.exitCode() == 0)
        #expect(throws: (any Error).self) { try daemon.connect() }
        #expect(!FileManager.default.fileExists(atPath: daemon.socket))

        try daemon.start()
        for (user, answers) in zip(users, answered) {
            #expect(answers > 50)
            #expect(try daemon.call("getBalance", ["userId": user]).int("available") == answers)
            let repeated = try daemon.call(
                "grantCredits",
                ["userId": user, "credits": 1, "reason": "r", "idempotencyKey": "\(user)-\(answers - 1)"])
            #expect(repeated.bool("replayed") == true)
        }
        #expect(try daemon.call("audit").bool("ok") == true)
        #expect(daemon.stop() == 0)
        #expect(!daemon.log.contains("unclean") && !daemon.log.contains("did not end in order"))
    }

    @Test("what was read of peers that are gone is carried out, though nobody else is connected")
    func hungUp() throws {
        let daemon = try TestDaemon(["--drain-timeout", "600"])
        let (peers, count) = (4, 2000)
        let line = #"{"jsonrpc":"2.0","method":"grantCredits","params":["ada",1,"r"]}"# + "\n"
        let bytes = Array(String(repeating: line, count: count).utf8)
        let connections = try (0..<peers).map { _ in try daemon.connect() }
        let sending = connections.map { BackgroundSend(bytes, to: $0) }
        for send in sending { try send.wait() }
        for connection in connections { connection.close() }
        let witness = try daemon.connect()
        try waitFor("the daemon to have read all") {
            try witness.call("getMetrics").metric("gauges", "lifecycle_connections") == 1
        }
        witness.close()
        #expect(daemon.stop() == 0)
        try daemon.start()
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == peers * count)
    }

    @Test("idle connections are closed, and do not delay it")
    func idle() throws {
        let daemon = try TestDaemon(["--drain-timeout", "600"])
        let idle = try (0..<20).map { _ in try daemon.admittedConnection() }
        // Half a request does not hold it up either, and is not carried out.
        try idle[0].send(#"{"jsonrpc":"2.0","id":1,"method":"grantCredits","params":["ada",1,"r"]}"#)
        let start = ContinuousClock.now
        #expect(daemon.stop() == 0)
        #expect(ContinuousClock.now - start < .seconds(300))
        for connection in idle.dropFirst() { #expect(try connection.line() == nil) }
        try daemon.start()
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 0)
    }

    @Test("a peer that does not read delays it by the drain timeout at most, and new connections are refused meanwhile")
    func drainTimeout() throws {
        let daemon = try TestDaemon(["--drain-timeout", "5"])
        let stalled = try daemon.connect()
        let requests = String(repeating: #"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"# + "\n", count: 2000)
        let sending = BackgroundSend(Array(requests.utf8), to: stalled)
        try waitFor("much to be unsent") { try daemon.call("getMetrics").served("rpc.discover") > 5 }
        daemon.send(SIGTERM)
        try waitFor("connections to be refused") { (try? daemon.connect()) == nil }
        #expect(daemon.isRunning)
        #expect(daemon.exitCode() == 0)
        try? sending.wait()
    }

    @Test("what was read is answered whole before the end, however slowly the peer reads")
    func slowReader() throws {
        let daemon = try TestDaemon(["--drain-timeout", "60"])
        let connection = try daemon.admittedConnection()
        // Few enough to be read at once, and their replies more than the daemon holds and the kernel takes.
        let count = 40
        let requests = (1...count).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"rpc.discover"}"# + "\n" }
        try connection.send(requests.joined())
        try waitFor("much to be unsent") { try daemon.call("getMetrics").served("rpc.discover") > 5 }
        daemon.send(SIGTERM)
        try waitFor("connections to be refused") { (try? daemon.connect()) == nil }
        let replies = try connection.lines()
        #expect(replies.count == count)
        #expect(replies.last?.hasPrefix(#"{"jsonrpc":"2.0","id":\#(count),"result":"#) == true)
        #expect(daemon.exitCode() == 0)
    }

    @Test("who was answered once may rely on an orderly stop, however early SIGTERM comes")
    func early() throws {
        for _ in 0..<8 {
            let daemon = try TestDaemon()
            _ = try daemon.call("getBalance", ["userId": "a"])
            #expect(daemon.stop() == 0)
        }
    }

    @Test("SIGTERM a second time changes nothing")
    func twice() throws {
        let daemon = try TestDaemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"])
        daemon.send(SIGTERM)
        daemon.send(SIGTERM)
        #expect(daemon.exitCode() == 0)
        try daemon.start()
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 1)
    }
}

extension Reply {
    /// From `getMetrics`: calls of a method that succeeded.
    func served(_ method: String) -> Double {
        metric("counters", "lifecycle_requests_total", ["method": method, "outcome": "ok"]) ?? 0
    }
}
