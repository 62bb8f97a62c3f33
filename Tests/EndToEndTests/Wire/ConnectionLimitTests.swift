import Foundation
import TestSupport
import Testing

@Suite("The limits of connections")
struct ConnectionLimitTests {
    @Test(
        "the one too many is told so and closed, and a place that gets free is taken",
        arguments: [
            ("--max-connections", "--max-connections-per-user"), ("--max-connections-per-user", "--max-connections"),
        ])
    func oneTooMany(_ limited: String, _ other: String) throws {
        let daemon = try TestDaemon([limited, "3", other, "100"])
        var connections = try (0..<3).map { _ in try daemon.admittedConnection() }
        for _ in 0..<3 {
            let lines = try daemon.connect().lines()
            try #require(lines.count == 1)
            #expect(lines[0].hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32009,"#))
            let refusal = try Reply(lines[0])
            #expect(refusal.kind == "busy")
            #expect(refusal.data?["retryable"] as? Bool == true)
        }
        for connection in connections { #expect(try connection.call("getBalance", ["userId": "a"]).error == nil) }

        connections[1].close()
        connections[1] = try daemon.admittedConnection()
        let refused = try daemon.connect().lines()
        #expect(refused.count == 1)
        let metrics = try connections[0].call("getMetrics")
        #expect(metrics.metric("counters", "lifecycle_connections_refused_total").map { $0 >= 4 } == true)
        #expect(metrics.metric("gauges", "lifecycle_connections") == 3)
    }

    @Test("a thousand idle connections cost little, and a good client is served beside them")
    func idleConnections() throws {
        let count = 1000
        try Self.allowOpenFiles(2 * count)
        let daemon = try TestDaemon(["--max-connections", "1100", "--max-connections-per-user", "1100"])
        let client = try daemon.connect()
        for _ in 0..<100 { _ = try client.call("getBalance", ["userId": "a"]) }
        let before = try daemon.memory("VmRSS")
        let idle = try (0..<count).map { _ in try daemon.connect() }
        // One answer of each shows that all were admitted.
        for connection in idle { try connection.send(Ping.request() + "\n") }
        for connection in idle { #expect(try connection.line() == Ping.reply()) }
        #expect(try client.call("getMetrics").metric("gauges", "lifecycle_connections") == Double(count + 1))

        for _ in 0..<200 { #expect(try client.call("getBalance", ["userId": "a"]).error == nil) }
        let growth = Double(try daemon.memory("VmRSS") - before) / Double(count)
        #expect(growth <= 10, "KiB a connection")
        for connection in idle { connection.close() }
        try waitFor("the connections to go") {
            try client.call("getMetrics").metric("gauges", "lifecycle_connections") == 1
        }
    }

    /// Of this process, where 1024 is usual; the daemon raises its own.
    private static func allowOpenFiles(_ count: Int) throws {
        var limit = rlimit()
        try #require(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        guard limit.rlim_cur < rlim_t(count) else { return }
        limit.rlim_cur = min(rlim_t(count), limit.rlim_max)
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    }

    @Test("a storm of connections that come and go leaves no descriptor behind")
    func storm() throws {
        let daemon = try TestDaemon()
        _ = try daemon.call("getBalance", ["userId": "a"])
        let client = try daemon.admittedConnection()
        try waitFor("the probes to be gone") {
            try client.call("getMetrics").metric("gauges", "lifecycle_connections") == 1
        }
        let before = try daemon.openFiles()
        for number in 0..<2000 {
            let connection = try daemon.connect()
            switch number % 5 {
            case 0: break
            case 1: try connection.send("{\"jsonrpc\":")
            case 2: try? connection.send(Ping.request() + "\n")
            case 3: connection.shutdownWriting()
            default:
                try? connection.send(#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"# + "\n")
                connection.shutdownWriting()
            }
            connection.close()
        }
        try waitFor("the descriptors to be closed") { try daemon.openFiles() == before }
        #expect(try client.call("getBalance", ["userId": "a"]).error == nil)
        #expect(try client.call("getMetrics").metric("gauges", "lifecycle_connections") == 1)
    }

    @Test("refused connections whose peers do not go take a bounded number of descriptors, and all are told")
    func refusedStay() throws {
        let daemon = try TestDaemon(["--max-connections-per-user", "3"])
        let admitted = try (0..<3).map { _ in try daemon.admittedConnection() }
        let before = try daemon.openFiles()
        let refused = try (0..<400).map { _ in try daemon.connect() }
        // All of them are accepted when this one's answer is there: it is the last.
        for connection in refused { #expect(try connection.lines().count == 1) }
        #expect(try daemon.openFiles() <= before + 64)
        try waitFor("the refused ones to be closed") { try daemon.openFiles() <= before }
        for connection in admitted { #expect(try connection.call("getBalance", ["userId": "a"]).error == nil) }
    }

    @Test("out of descriptors, the daemon rests, serves whom it has, and goes on when there are some again")
    func outOfDescriptors() throws {
        let daemon = try TestDaemon()
        let client = try daemon.admittedConnection()
        let files = try daemon.openFiles()
        let limit = ["prlimit", "--pid", "\(daemon.pid)", "--nofile=\(files + 5)"]
        try #require(ChildProcess.run("/usr/bin/env", limit).code == 0)
        let others = try (0..<30).map { _ in try daemon.connect() }
        try waitFor("the descriptors to be used up") { try daemon.openFiles() == files + 5 }
        let before = try daemon.processorTime()
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(1) {
            #expect(try client.call("getBalance", ["userId": "a"]).error == nil)
            usleep(50_000)
        }
        // It would be all of the second if it tried again and again.
        #expect(try daemon.processorTime() - before < .milliseconds(500))
        for connection in others.dropLast() { connection.close() }
        #expect(try others[29].call("getBalance", ["userId": "a"]).error == nil)
    }

    @Test("a client that is gone at once has its writes carried out all the same")
    func goneAtOnce() throws {
        let daemon = try TestDaemon()
        for number in 0..<200 {
            let connection = try daemon.connect()
            let grants = (0..<3).map { _ in #"{"jsonrpc":"2.0","id":1,"method":"grantCredits","params":["ada",1,"r"]}"#
            }
            // The last line of every other one has no LF; its end is the end of the input.
            try connection.send(grants.joined(separator: "\n") + (number % 2 == 0 ? "\n" : ""))
            connection.close()
        }
        try waitFor("all the grants") { try daemon.call("getBalance", ["userId": "ada"]).int("available") == 600 }
        #expect(try daemon.call("audit").bool("ok") == true)
    }

    @Test("a request that was cut by its client's end is not carried out")
    func cutRequest() throws {
        let daemon = try TestDaemon()
        let connection = try daemon.connect()
        try connection.send(#"{"jsonrpc":"2.0","id":1,"method":"grantCredits","params":["ada",1,"r"]"#)
        connection.close()
        try waitFor("the end to be seen") {
            try daemon.call("getMetrics").metric("counters", "lifecycle_errors_total", ["kind": "parseError"]) == 1
        }
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 0)
    }
}

extension TestDaemon {
    /// A connection that was served. Those before it may not be gone yet.
    func admittedConnection() throws -> Connection {
        var admitted: Connection?
        try waitFor("a free place") {
            let connection = try connect()
            try? connection.send(Ping.request() + "\n")
            guard try connection.line() == Ping.reply() else { return false }
            admitted = connection
            return true
        }
        guard let admitted else { throw TestFailure("no connection") }
        return admitted
    }
}

extension Reply {
    /// A figure of `getMetrics`.
    func metric(_ section: String, _ name: String, _ labels: [String: String] = [:]) -> Double? {
        let metric = (self[section] as? [[String: Any]])?.first { metric in
            guard metric["name"] as? String == name else { return false }
            let pairs = (metric["labels"] as? [[String: String]] ?? []).map { ($0["name"] ?? "", $0["value"] ?? "") }
            return Dictionary(pairs) { $1 } == labels
        }
        return (metric?["value"] as? NSNumber)?.doubleValue ?? (metric?["count"] as? NSNumber)?.doubleValue
    }
}
