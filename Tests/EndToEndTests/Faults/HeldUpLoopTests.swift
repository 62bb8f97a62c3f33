import Foundation
import TestSupport
import Testing

/// One thread that hangs, while the others go on.
@Suite("An event loop, or a disk, that stands still", .enabled(if: Machine.hasStrace))
struct HeldUpLoopTests {
    private let folder: ScratchFolder
    private let manager: UnixSocket

    init() throws {
        folder = try ScratchFolder()
        manager = try UnixSocket(path: folder.file("n"), type: SOCK_DGRAM)
    }

    /// - Parameter tells: it tells the manager, who has to listen then.
    private func daemon(_ arguments: [String] = [], tells: Bool = false) throws -> SpawnedDaemon {
        // Its watchdog looks in any case.
        var environment = ["WATCHDOG_USEC": "200000"]
        if tells { environment["NOTIFY_SOCKET"] = folder.file("n") }
        return try SpawnedDaemon(
            database: folder.file("l.db"), socket: folder.file("s"), arguments, environment: environment
        ).waitUntilServing()
    }

    /// From the next look at the sockets on, until strace ends.
    private func holdUpLoop(of daemon: SpawnedDaemon) throws -> ChildProcess {
        let tasks = "/proc/\(daemon.child.pid)/task"
        let threads = try FileManager.default.contentsOfDirectory(atPath: tasks)
        let loop = threads.first {
            (try? String(contentsOfFile: "\(tasks)/\($0)/comm", encoding: .utf8))?.hasPrefix("NIO-ELT") ?? false
        }
        return try hold("/^epoll_p?wait", ["-p", #require(loop)], daemon)
    }

    private func hold(_ call: String, _ arguments: [String], _ daemon: SpawnedDaemon) throws -> ChildProcess {
        let output = try ScratchFile()
        let strace = try ChildProcess(
            "strace", ["-e", "trace=\(call)", "-e", "inject=\(call):delay_enter=600000000"] + arguments,
            standardError: output.descriptor)
        try waitFor("strace") { output.text.contains("attached") }
        // Something to do, if it needs that to come to the call.
        let nudge = try daemon.connect()
        try nudge.send(Connection.request("grantCredits", ["userId": "ann", "credits": 1, "reason": "r"], id: 1))
        try waitFor("the thread to hang") { output.text.contains("(") }
        return strace
    }

    /// SIGTERM, and the exit code. The thread that strace holds is its to bury, without which nobody sees the end.
    private func stop(_ daemon: SpawnedDaemon, under strace: ChildProcess) throws -> Int32 {
        daemon.child.send(SIGTERM)
        let start = ContinuousClock.now
        try waitFor("the process to end") {
            let status = try String(contentsOfFile: "/proc/\(daemon.child.pid)/stat", encoding: .utf8)
            return status.split(separator: ")").last?.hasPrefix(" Z") ?? false
        }
        #expect(ContinuousClock.now - start < .seconds(300))
        strace.kill()
        return daemon.child.exitCode()
    }

    @Test("WATCHDOG=1 stays away meanwhile, and comes again after it")
    func watchdog() throws {
        let daemon = try daemon(tells: true)
        let strace = try holdUpLoop(of: daemon)
        while manager.datagram(within: 0) != nil {}
        #expect(manager.datagram(within: 1000) == nil, "five intervals without a sign of life")
        strace.kill()
        #expect(manager.datagram(within: 60_000) == "WATCHDOG=1")
        #expect(daemon.stop() == 0)
    }

    @Test("a pipeline that reports meanwhile keeps its lease")
    func lease() throws {
        let daemon = try daemon()
        let pipeline = try daemon.connect()
        _ = try pipeline.call("createProject", ["userId": "ada", "credits": 0, "externalId": "e", "lease": 3])
        _ = try pipeline.call("updateStatus", ["externalId": "e", "status": "processing"])
        let end = Date() + 4
        let strace = try holdUpLoop(of: daemon)
        try pipeline.send(Connection.request("heartbeat", ["externalId": "e"], id: 7))
        try waitFor("the lease to be over") { Date() > end }
        strace.kill()
        #expect(try pipeline.reply().string("status") == "processing")
        #expect(try daemon.call("getStatus", ["externalId": "e"]).string("project.status") == "processing")
        #expect(daemon.stop() == 0)
    }

    @Test("a stop does not wait for the event loop, and is in order all the same")
    func stopLoop() throws {
        let daemon = try daemon(["--drain-timeout", "4"])
        #expect(
            try daemon.call("grantCredits", ["userId": "ada", "credits": 5, "reason": "r"]).int("balance.available")
                == 5)
        let strace = try holdUpLoop(of: daemon)
        #expect(try stop(daemon, under: strace) == 0)
        let next = try self.daemon()
        #expect(try next.call("getBalance", ["userId": "ada"]).int("available") == 5)
        #expect(!next.log.contains("did not end in order"))
        #expect(next.stop() == 0)
    }

    @Test("a stop does not wait for a disk, and what was answered is there afterwards")
    func stopDisk() throws {
        let daemon = try daemon(["--drain-timeout", "4"])
        #expect(
            try daemon.call("grantCredits", ["userId": "ada", "credits": 5, "reason": "r"]).int("balance.available")
                == 5)
        let strace = try hold("fdatasync", ["-f", "-p", "\(daemon.child.pid)"], daemon)
        #expect(try stop(daemon, under: strace) == 74)
        #expect(daemon.log.contains("the stop took longer than --drain-timeout"))
        let next = try self.daemon()
        #expect(try next.call("getBalance", ["userId": "ada"]).int("available") == 5)
        #expect(next.stop() == 0)
    }
}
