import Foundation
import TestSupport
import Testing

@Suite("watch: slow peers, half-closes and stops")
struct WatchEndingTests {
    /// Whole lines that the kernel has for it, also after the end of the connection.
    private static func rest(_ connection: Connection) -> [String] {
        var lines: [String] = []
        while let line = try? connection.line() { lines.append(line) }
        return lines
    }

    @Test("one that does not read holds nobody up; it is closed, the log says how far it got, and nothing was left out")
    func stalled() throws {
        let daemon = try TestDaemon(["--stall-timeout", "1"])
        let good = try daemon.connect()
        let stalled = try daemon.connect()
        try good.watch()
        try stalled.watch()
        let detail = String(repeating: "x", count: 1000)
        let writer = try daemon.connect()
        for seq in 1...1500 {
            _ = try writer.call("grantCredits", ["userId": "ada", "credits": 1, "reason": detail])
            #expect(try good.event().seq == seq)
        }
        try waitFor("the stalled one to be closed") {
            try writer.call("getMetrics").metric("gauges", "lifecycle_watchers") == 1
        }
        let seqs = try Self.rest(stalled).map { try WatchedEvent($0).seq }
        #expect(seqs == Array(1...seqs.count))
        func told() -> String? { daemon.logLines.first { $0.contains("watcher closed") } }
        try waitFor("its line in the log") { told() != nil }
        let line = try #require(told())
        let last = try #require(line.firstMatch(of: /seq=(\d+)/).flatMap { Int($0.output.1) })
        #expect(last > 0 && last <= seqs.count, "\(line)")

        let again = try daemon.connect()
        try again.watch(fromSeq: seqs.count)
        #expect(try again.events(1500 - seqs.count).map(\.seq) == Array(seqs.count + 1..<1501))
    }

    @Test("one that reads slowly, but reads, gets everything and takes no memory meanwhile")
    func slow() throws {
        // The last of them waits until the others have read all.
        let daemon = try TestDaemon(["--stall-timeout", "300"])
        let detail = String(repeating: "x", count: 1000)
        let request = try Connection.request(
            "grantCredits", ["userId": "ada", "credits": 1, "reason": detail], id: 1)
        let writer = try daemon.connect()
        let count = 3000
        let sending = BackgroundSend(Array(String(repeating: request, count: count).utf8), to: writer)
        for _ in 0..<count { _ = try writer.reply() }
        try sending.wait()
        let before = try daemon.memory("VmHWM")
        let slow = try (0..<8).map { _ in try daemon.connect() }
        for connection in slow { try connection.watch(fromSeq: 0) }
        // By now all of them wait for a reader.
        for _ in 0..<200 { _ = try writer.call("getBalance", ["userId": "ada"]) }
        #expect(try daemon.memory("VmHWM") - before < 16 * 1024)
        for connection in slow { #expect(try connection.events(count).map(\.seq) == Array(1...count)) }
    }

    @Test("with its input closed it goes on until its peer is gone")
    func halfClose() throws {
        let daemon = try TestDaemon()
        let watcher = try daemon.connect()
        try watcher.send(#"{"jsonrpc":"2.0","id":1,"method":"watch","params":{"fromSeq":0}}"#)  // Without LF.
        watcher.shutdownWriting()
        #expect(try watcher.reply().int("seq") == 0)
        for seq in 1...20 {
            try daemon.grant("ada")
            #expect(try watcher.event().seq == seq)
        }
        let metrics = try daemon.connect()
        #expect(try metrics.call("getMetrics").metric("gauges", "lifecycle_watchers") == 1)
        watcher.close()
        // At once, not when the next event cannot be sent.
        try waitFor("the watcher to be gone") {
            try metrics.call("getMetrics").metric("gauges", "lifecycle_connections") == 1
        }
    }

    @Test("printf into socat prints events for as long as socat waits")
    func socat() throws {
        let daemon = try TestDaemon()
        try daemon.grant("ada", times: 3)
        let request = #"{"jsonrpc":"2.0","id":1,"method":"watch","params":{"fromSeq":0}}"#
        let run = try ChildProcess.run(
            "sh", ["-c", "printf '%s\\n' '\(request)' | socat -t 1 - UNIX-CONNECT:\(daemon.socket)"],
            environment: ChildProcess.inheritedEnvironment)
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(run.code == 0 && lines.count == 4)
        #expect(try lines.dropFirst().map { try WatchedEvent($0).seq } == [1, 2, 3])
    }

    @Test("at a stop watchers get what others were answered, then the end")
    func stop() throws {
        let daemon = try TestDaemon()
        try daemon.grantAtOnce("bea", times: 5000)
        let live = try (0..<5).map { _ in try daemon.connect() }
        let behind = try (0..<5).map { _ in try daemon.connect() }
        for watcher in live { try watcher.watch() }
        for watcher in behind { try watcher.watch(fromSeq: 0) }
        let request = try Connection.request("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"], id: 1)
        let writer = try daemon.connect()
        try writer.send(String(repeating: request, count: 2000))
        let seen = Box<[[Int]]>([])
        let answered = Box(0)
        try inThreads(12) { number in
            if number == 0 {
                try waitFor("some answers") { answered.value > 200 }
                daemon.send(SIGTERM)
            } else if number == 1 {
                while (try? writer.reply()) != nil { answered.change { $0 += 1 } }
            } else {
                let watcher = number < 7 ? live[number - 2] : behind[number - 7]
                let lines = try watcher.lines()
                try seen.change { $0.append(try lines.map { try WatchedEvent($0).seq }) }
            }
        }
        #expect(daemon.exitCode() == 0)
        try daemon.start()
        let newest = try daemon.history().count
        #expect(newest >= 5000 + answered.value)
        #expect(seen.value.count == 10)
        for seqs in seen.value { #expect(seqs == Array((seqs.first == 1 ? 1 : 5001)...newest)) }
    }

    @Test("at a stop watchers also get what those had sent who are gone")
    func stopAfterHangUp() throws {
        let daemon = try TestDaemon()
        let watcher = try daemon.connect()
        try watcher.watch()
        let request = try Connection.request("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"], id: 1)
        for _ in 0..<6 {
            let writer = try daemon.connect()
            try writer.send(String(repeating: request, count: 200))
            writer.close()
        }
        let first = try watcher.event()
        daemon.send(SIGTERM)
        let seen = try [first] + watcher.lines().map { try WatchedEvent($0) }
        #expect(daemon.exitCode() == 0)
        try daemon.start()
        #expect(try seen == daemon.history())
    }

    @Test("at a stop watchers also get what waits behind answers that nobody takes yet")
    func stopBehindReplies() throws {
        let daemon = try TestDaemon()
        let writer = try daemon.connect()
        let metadata = ["text": String(repeating: "x", count: 15_000)]
        let project = try writer.call("createProject", ["userId": "ada", "credits": 0, "metadata": metadata])
        let id = try #require(project.string("project.projectId"))
        let watcher = try daemon.connect()
        try watcher.watch()
        // More answers than the socket and the daemon take, then writes.
        let read = try Connection.request("getStatus", ["projectId": id], id: 1)
        let write = try Connection.request("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"], id: 1)
        try writer.send(String(repeating: read, count: 60) + String(repeating: write, count: 5))
        for _ in 0..<100 { _ = try watcher.call("getBalance", ["userId": "ada"]) }
        daemon.send(SIGTERM)
        try waitFor("no more connections") { (try? daemon.connect()) == nil }
        for _ in 0..<65 { _ = try writer.reply() }
        #expect(try watcher.lines().map { try WatchedEvent($0).seq } == [2, 3, 4, 5, 6])
        #expect(daemon.exitCode() == 0)
    }

    @Test("a peer that hangs up in the middle of a replay harms nobody")
    func hangUp() throws {
        let daemon = try TestDaemon()
        try daemon.grantAtOnce("ada", times: 5000)
        for count in 0..<20 {
            let watcher = try daemon.connect()
            try watcher.watch(fromSeq: 0)
            _ = try watcher.events(count)
            watcher.close()
        }
        #expect(try daemon.history().count == 5000)
        #expect(daemon.isRunning)
    }
}
