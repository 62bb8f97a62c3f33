import Foundation
import TestSupport
import Testing

@Suite("Peers that do not read")
struct SlowReaderTests {
    /// Replies of this are some 20 KiB each.
    private static let large = #"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"# + "\n"

    @Test("nothing more is read from it, it is closed after the stall timeout, and others are served meanwhile")
    func stalled() throws {
        let daemon = try TestDaemon(["--stall-timeout", "1"])
        let good = try daemon.admittedConnection()
        for _ in 0..<50 { _ = try good.call("rpc.discover") }
        let before = try daemon.memory("VmHWM")

        let stalled = try (0..<4).map { _ in try daemon.connect() }
        // 100 MiB and more of replies, if they were all written.
        let requests = Array(String(repeating: Self.large, count: 20_000).utf8)
        let sendings = stalled.map { BackgroundSend(requests, to: $0) }
        try waitFor("the stalled ones to be closed") {
            _ = try good.call("getBalance", ["userId": "a"])
            return try good.call("getMetrics").metric("gauges", "lifecycle_connections") == 1
        }
        for sending in sendings { #expect(throws: (any Error).self) { try sending.wait() } }
        #expect(try daemon.memory("VmHWM") - before < 32 * 1024)
    }

    /// The smaller one is more than the kernel takes, and less than what makes the daemon stop reading.
    @Test(
        "a half-closed peer that never reads is closed as well, however little waits for it",
        arguments: [240_000, 4_000_000])
    func stalledHalfClose(_ bytes: Int) throws {
        let daemon = try TestDaemon(["--stall-timeout", "1"])
        let good = try daemon.admittedConnection()
        let size = try good.call("rpc.discover").line.utf8.count
        let stalled = try daemon.connect()
        try stalled.send(String(repeating: Self.large, count: bytes / size))
        stalled.shutdownWriting()
        try waitFor("the stalled one to be closed") {
            try good.call("getMetrics").metric("gauges", "lifecycle_connections") == 1
        }
    }

    @Test("a slow reader that goes on reading is not closed, and gets every reply")
    func slow() throws {
        let daemon = try TestDaemon(["--stall-timeout", "1"])
        let good = try daemon.connect()
        let connection = try daemon.connect()
        let count = 600
        let sending = BackgroundSend(
            Array(String(repeating: Self.large, count: count).utf8), to: connection, endsInput: true)
        var replies = 0
        while try connection.line() != nil {
            replies += 1
            guard replies % 50 == 0 else { continue }
            // Twelve times: longer than the stall timeout in all, other calls pass the time.
            let end = ContinuousClock.now + .milliseconds(250)
            while ContinuousClock.now < end { _ = try good.call("getBalance", ["userId": "a"]) }
        }
        try sending.wait()
        #expect(replies == count)
    }

    @Test("large replies do not pile up in the daemon for one that does not read")
    func boundedMemory() throws {
        let daemon = try TestDaemon()
        let good = try daemon.admittedConnection()
        _ = try good.call("createProject", ["userId": "ada", "credits": 0, "externalId": "e"])
        let id = try #require(
            try good.call("updateStatus", ["externalId": "e", "status": "completed"]).string("project.projectId"))
        // Each of these is some 6 KiB in a reply of explainProject.
        let message = String(repeating: "\u{1}", count: 1000)
        for _ in 0..<100 {
            _ = try good.call("updateStatus", ["externalId": "e", "status": "failed", "errorMessage": message])
        }
        #expect(try good.call("explainProject", ["projectId": id]).line.utf8.count > 500_000)
        let before = try daemon.memory("VmHWM")

        let request = try Connection.request("explainProject", ["projectId": id], id: 1)
        let stalled = try (0..<8).map { _ in try daemon.connect() }
        for connection in stalled { try connection.send(String(repeating: request, count: 500)) }
        for _ in 0..<20 { _ = try good.call("getBalance", ["userId": "a"]) }
        let growth = try daemon.memory("VmHWM") - before
        print("eight peers that do not read: \(growth) KiB")
        #expect(growth < 32 * 1024)
    }
}
