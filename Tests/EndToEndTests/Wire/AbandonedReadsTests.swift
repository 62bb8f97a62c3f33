import Foundation
import TestSupport
import Testing

@Suite("Reads for nobody, and too many of them")
struct AbandonedReadsTests {
    private static let calls = 900

    private func batch(_ isNotification: Bool = false, then last: String? = nil) -> String {
        let ids = isNotification ? "" : #""id":1,"#
        let read = #"{"jsonrpc":"2.0",\#(ids)"method":"getMetrics"}"#
        return "[" + (Array(repeating: read, count: Self.calls) + (last.map { [$0] } ?? [])).joined(separator: ",")
            + "]\n"
    }

    /// What the daemon takes for a read that is answered.
    private func costOfOne(_ daemon: TestDaemon, _ connection: Connection) throws -> Duration {
        let before = try daemon.processorTime()
        for _ in 0..<200 { _ = try connection.call("getMetrics") }
        return (try daemon.processorTime() - before) / 200
    }

    @Test("what a peer asked for that has gone is not read, and what it wrote is carried out")
    func gone() throws {
        let daemon = try TestDaemon()
        let good = try daemon.admittedConnection()
        let cost = try costOfOne(daemon, good)
        let before = try daemon.processorTime()
        let peers = 20
        // All of them come and go before the daemon sees any.
        try daemon.freeze()
        let grant = #"{"jsonrpc":"2.0","method":"grantCredits","params":["ada",1,"r"]}"#
        for _ in 0..<peers { try daemon.connect().send(batch(then: grant)) }
        daemon.thaw()
        try waitFor("what they wrote") { try good.call("getBalance", ["userId": "ada"]).int("available") == peers }
        let took = try daemon.processorTime() - before
        #expect(took < cost * (peers * Self.calls) / 4, "\(took), \(cost) for one")
    }

    @Test("what a user's connections have left behind has the share of one: those that stay are answered meanwhile")
    func leftBehind() throws {
        let daemon = try TestDaemon()
        let good = try daemon.admittedConnection()
        let peers = 200
        try daemon.freeze()
        for _ in 0..<peers { try daemon.connect().send(batch()) }
        daemon.thaw()
        for _ in 0..<40 { _ = try good.call("getBalance", ["userId": "ada"]) }
        #expect(try good.call("getMetrics").served("getMetrics") < Double(peers * Self.calls / 4))
    }

    @Test("a connection counts for its user until what it left is done")
    func counted() throws {
        let daemon = try TestDaemon(["--max-connections-per-user", "10"])
        let good = try daemon.admittedConnection()
        try daemon.freeze()
        for _ in 0..<30 { try daemon.connect().send(batch()) }
        daemon.thaw()
        try waitFor("some to be refused") {
            try good.call("getMetrics").metric("counters", "lifecycle_connections_refused_total") ?? 0 > 0
        }
        // As soon as it is done there is room again.
        try waitFor("a connection to be admitted") {
            (try? daemon.connect().call("getBalance", ["userId": "ada"])) != nil
        }
        #expect(daemon.stop() == 0)
    }

    @Test("a notification of a read is not carried out")
    func notifications() throws {
        let daemon = try TestDaemon()
        let good = try daemon.admittedConnection()
        let cost = try costOfOne(daemon, good)
        let before = try daemon.processorTime()
        for _ in 0..<20 { try good.send(batch(true)) }
        _ = try good.call("getBalance", ["userId": "ada"])
        let took = try daemon.processorTime() - before
        #expect(took < cost * (20 * Self.calls) / 4, "\(took), \(cost) for one")
        // As are those that have an effect.
        try good.send(#"{"jsonrpc":"2.0","method":"watch","params":{"fromSeq":0}}"# + "\n")
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"])
        #expect(try good.line()?.contains(#""method":"event""#) == true)
    }

    @Test("a stop is over in time, however many reads wait, of peers who read on")
    func stop() throws {
        let daemon = try TestDaemon(["--drain-timeout", "2"])
        let peers = try (0..<20).map { _ in try daemon.admittedConnection() }
        for peer in peers { try peer.send(batch()) }
        for peer in peers {
            Thread.detachNewThread { while (try? peer.line()) != nil {} }
        }
        let start = ContinuousClock.now
        #expect(daemon.stop() == 0)
        #expect(ContinuousClock.now - start < .seconds(30))
        try daemon.start()
        _ = try daemon.admittedConnection()
        #expect(daemon.stop() == 0)
        #expect(!daemon.log.contains("did not end in order"))
    }
}
