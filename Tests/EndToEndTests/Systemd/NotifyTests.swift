import Foundation
import TestSupport
import Testing

@Suite("What the daemon tells systemd")
struct NotifyTests {
    private let folder: ScratchFolder
    private let manager: UnixSocket
    private var environment: [String: String] { ["NOTIFY_SOCKET": folder.file("n")] }

    init() throws {
        folder = try ScratchFolder()
        manager = try UnixSocket(path: folder.file("n"), type: SOCK_DGRAM)
    }

    private func next(_ word: String) throws -> String {
        while let datagram = manager.datagram(within: 60_000) {
            if datagram.split(separator: "\n").contains(where: { $0.hasPrefix(word) }) { return datagram }
        }
        throw TestFailure("no \(word)")
    }

    @Test("READY=1 comes with a status once it serves, STOPPING=1 when it stops, and each once")
    func readyAndStopping() throws {
        let listener = try UnixSocket(path: folder.file("s"))
        let daemon = try SpawnedDaemon(
            database: folder.file("l.db"), environment: environment, passing: [listener.descriptor])
        let ready = try #require(manager.datagram(within: 60_000))
        #expect(ready.contains("READY=1"))
        #expect(ready.contains("\nSTATUS=") && ready.contains(folder.file("l.db")))
        // Ready means ready: the ledger is made, and an answer needs nothing more.
        #expect(FileManager.default.fileExists(atPath: folder.file("l.db")))
        #expect(try Connection(folder.file("s")).call("getBalance", ["userId": "ada"]).int("available") == 0)

        daemon.child.send(SIGTERM)
        #expect(manager.datagram(within: 60_000) == "STOPPING=1")
        #expect(daemon.child.exitCode() == 0)
        #expect(manager.datagram(within: 0) == nil)
    }

    @Test("a daemon that cannot start never says that it is ready")
    func neverReady() throws {
        try Data("notes".utf8).write(to: URL(fileURLWithPath: folder.file("l.db")))
        chmod(folder.file("l.db"), 0o600)
        let daemon = try SpawnedDaemon(
            database: folder.file("l.db"), socket: folder.file("s"), environment: environment)
        #expect(try daemon.refusal().code == 73)
        #expect(manager.datagram(within: 0) == nil)
    }

    @Test("WATCHDOG=1 comes again and again while all is well")
    func watchdog() throws {
        var environment = environment
        environment["WATCHDOG_USEC"] = "200000"
        let daemon = try SpawnedDaemon(
            database: folder.file("l.db"), socket: folder.file("s"), environment: environment)
        _ = try next("READY=1")
        for _ in 0..<10 { #expect(try next("WATCHDOG=1") == "WATCHDOG=1") }
        #expect(daemon.stop() == 0)
    }

    @Test("WATCHDOG=1 stays away while the disk hangs, and comes again after it", .enabled(if: Machine.hasStrace))
    func hangingDisk() throws {
        var environment = environment
        environment["WATCHDOG_USEC"] = "200000"
        let daemon = try SpawnedDaemon(
            database: folder.file("l.db"), socket: folder.file("s"), environment: environment
        ).waitUntilServing()
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        // A sync that does not return, as of a disk that does not answer.
        let output = try ScratchFile()
        let strace = try ChildProcess(
            "strace",
            [
                "-f", "-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=600000000", "-p",
                "\(daemon.child.pid)",
            ], standardError: output.descriptor)
        try waitFor("strace") { output.text.contains("attached") }
        try connection.send(Connection.request("createProject", ["userId": "ada", "credits": 1], id: 1))
        try waitFor("the sync to hang") { output.text.contains("fdatasync(") }

        while manager.datagram(within: 0) != nil {}
        #expect(manager.datagram(within: 1000) == nil, "five intervals without a sign of life")
        // Who only reads is served all the same.
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 100)

        strace.kill()
        #expect(try connection.reply().int("balance.available") == 99)
        #expect(try next("WATCHDOG=1") == "WATCHDOG=1")
        #expect(daemon.stop() == 0)
    }
}
