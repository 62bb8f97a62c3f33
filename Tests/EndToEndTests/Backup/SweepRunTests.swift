import Foundation
import TestSupport
import Testing

@Suite("lifecycled --sweep")
struct SweepRunTests {
    private func sweep(_ arguments: String...) throws -> (code: Int32, output: String, errors: String) {
        try ChildProcess.run(TestDaemon.binary, ["--sweep"] + arguments)
    }

    /// Ten projects of 2 credits that nobody starts.
    private func makeDue(_ daemon: TestDaemon, afterSeconds timeout: Int = 1) throws {
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 20, "reason": "r"])
        for _ in 0..<10 {
            _ = try daemon.call("createProject", ["userId": "ada", "credits": 2, "startTimeout": timeout])
        }
    }

    /// A daemon that was halted before it expired any of the ten projects, which are due now. On a busy machine it may
    /// be halted too late: then the next daemon has four times as long.
    private func daemonWithDue(haltedBy halt: (TestDaemon) throws -> Void) throws -> TestDaemon {
        for timeout in [1, 4, 16, 64] {
            let daemon = try TestDaemon()
            try makeDue(daemon, afterSeconds: timeout)
            let last = Date()
            try halt(daemon)
            let failed = try ChildProcess.run(
                "sqlite3", ["-readonly", daemon.database, "SELECT count(*) FROM event WHERE kind = 'failed'"])
            if failed.output == "0\n" {
                try waitFor("the start timeout") { Date().timeIntervalSince(last) > Double(timeout) + 0.1 }
                return daemon
            }
            daemon.kill()
        }
        throw TestFailure("the machine is so busy that ten projects fell due before the daemon was halted")
    }

    /// Its listener, and those that have connected.
    private func sockets(of daemon: TestDaemon) throws -> Int {
        let sockets = try String(contentsOfFile: "/proc/net/unix", encoding: .utf8).split(separator: "\n")
        return sockets.count { $0.hasSuffix(" \(daemon.socket)") }
    }

    @Test("without a daemon it fails and refunds what is due, says how many, and leaves a clean database")
    func alone() throws {
        let daemon = try daemonWithDue { $0.kill() }
        let run = try sweep("--database", daemon.database, "--socket", daemon.socket)
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output.contains("10 projects were due") && run.output.contains("20 credits"), "\(run.output)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: daemon.database + "-wal")).isEmpty)
        #expect(try sweep("--database", daemon.database).output.contains("0 projects were due"))
        try daemon.start()
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 20)
        let list = try daemon.call("listProjects", ["userId": "ada", "includeStats": true])
        #expect(list.int("stats.byStatus.failed") == 10)
        #expect(try daemon.call("audit").bool("ok") == true)
    }

    @Test("beside a running daemon it leaves that to its clocks, and ends well")
    func beside() throws {
        let daemon = try TestDaemon()
        let run = try sweep("--database", daemon.database, "--socket", daemon.socket)
        #expect(run.code == 0)
        #expect(run.output.contains(daemon.socket) && run.output.contains("running"), "\(run.output)")
        let other = try sweep("--database", daemon.database)
        #expect(other.code == 0 && other.output.contains("due projects itself"), "\(other.output)")
        #expect(daemon.isRunning)
        _ = try daemon.call("getBalance", ["userId": "ada"])
        #expect(daemon.stop() == 0)
    }

    @Test("beside a running daemon that has not come to what is due, it makes that one settle it")
    func besideDue() throws {
        // Its own timer does not fire.
        let daemon = try daemonWithDue { try $0.freeze() }
        let before = try sockets(of: daemon)
        let run = try ChildProcess(
            TestDaemon.binary, ["--sweep", "--database", daemon.database, "--socket", daemon.socket])
        try waitFor("the sweep to ask") { try sockets(of: daemon) > before }
        daemon.thaw()
        #expect(run.exitCode() == 0)
        let seen = try daemon.history()
        #expect(seen.count { $0.kind == "failed" } == 10)
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 20)
        #expect(try daemon.call("audit").bool("ok") == true)
        #expect(daemon.stop() == 0)
    }

    @Test("where it cannot ask it says so and leaves the database alone: somebody may well be there")
    func cannotAsk() throws {
        let daemon = try daemonWithDue { $0.kill() }
        let run = try sweep("--database", daemon.database, "--socket", daemon.database + "/socket")
        #expect(run.code == 73)
        #expect(run.errors.contains("cannot ask at") && run.errors.contains("Not a directory"), "\(run.errors)")
    }

    @Test("without a database it ends well and makes none; a lost one is an alarm")
    func noDatabase() throws {
        let folder = try ScratchFolder()
        for path in [folder.file("l.db"), folder.file("none/l.db")] {
            let run = try sweep("--database", path)
            #expect(run.code == 0 && run.output.contains("no database"), "\(run)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        let daemon = try TestDaemon()
        _ = try daemon.call("getBalance", ["userId": "ada"])
        #expect(daemon.stop() == 0)
        unlink(daemon.database)
        let run = try sweep("--database", daemon.database)
        #expect(run.code == 73 && run.errors.contains("is gone"), "\(run)")
    }

    @Test("a daemon that starts while it sweeps waits for it, and neither gives up")
    func race() throws {
        let daemon = try TestDaemon()
        try makeDue(daemon)
        for _ in 0..<10 {
            #expect(daemon.stop() == 0)
            let runs = try (0..<2).map { _ in
                try ChildProcess(
                    TestDaemon.binary, ["--sweep", "--database", daemon.database, "--socket", daemon.socket])
            }
            try daemon.start()
            for run in runs { #expect(run.exitCode() == 0) }
            #expect(try daemon.call("getBalance", ["userId": "ada"]).result != nil)
        }
        #expect(daemon.stop() == 0)
    }
}
