import Foundation
import TestSupport
import Testing

@Suite("A disk that reports errors", .enabled(if: Machine.hasStrace))
struct SyncErrorTests {
    /// Makes system calls of a running process fail from now on.
    private func inject(_ fault: String, into daemon: TestDaemon) throws -> ChildProcess {
        let output = try ScratchFile()
        let strace = try ChildProcess(
            "strace",
            [
                "-f", "-e", "trace=\(fault.prefix { $0 != ":" })", "-e", "inject=\(fault)", "-p", "\(daemon.pid)",
            ],
            standardError: output.descriptor)
        try waitFor("strace") {
            guard strace.isRunning else { throw TestFailure(output.text) }
            return output.text.contains("attached")
        }
        return strace
    }

    @Test(
        "a failed write or sync is answered with outcomeUnknown, nothing is after it, and a retry charges once",
        arguments: [
            "fdatasync:error=EIO:when=1", "fdatasync:error=EIO:when=4", "fdatasync:error=ENOSPC:when=1",
            "pwrite64:error=EIO:when=1", "pwrite64:error=EIO:when=7", "pwrite64:error=EROFS:when=3",
            // The look at the files after the COMMIT: no full disk, to which nothing was written.
            "newfstatat:error=ENOSPC:when=1", "newfstatat:error=EIO:when=4",
        ])
    func failStop(fault: String) throws {
        let daemon = try TestDaemon()
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 1000, "reason": "r"])
        let strace = try inject(fault, into: daemon)

        // Enough of them for any `when`.
        var answered = 0
        var failed: Reply?
        while failed == nil {
            try #require(answered < 100)
            let params: [String: Any] = ["userId": "ada", "credits": 10, "idempotencyKey": "k\(answered)"]
            let reply = try connection.call("createProject", params)
            if reply.result != nil { answered += 1 } else { failed = reply }
        }
        #expect(failed?.code == 1010, "\(failed?.line ?? "")")
        #expect(failed?.data?["retryable"] as? Bool == true)
        if let late = try? daemon.connect().call("createProject", ["userId": "ada", "credits": 1]) {
            #expect(late.result == nil, "nothing more is acknowledged")
        }
        let (code, sentence) = try refusal(of: daemon)
        #expect(code == 74)
        #expect(sentence.contains(daemon.database), "\(sentence)")
        strace.exitCode()

        try daemon.start()
        let again = try daemon.connect()
        for number in 0...answered {
            let params: [String: Any] = ["userId": "ada", "credits": 10, "idempotencyKey": "k\(number)"]
            let reply = try again.call("createProject", params)
            #expect(reply.result != nil && (number == answered || reply.bool("replayed") == true), "\(reply.line)")
        }
        #expect(try again.call("getBalance", ["userId": "ada"]).int("available") == 1000 - 10 * (answered + 1))
        #expect(try again.call("audit").bool("ok") == true)
    }

    @Test("a write that finds no space is answered with storageFull and harms nobody else")
    func noSpaceOnce() throws {
        let daemon = try TestDaemon()
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 1000, "reason": "r"])
        let strace = try inject("pwrite64:error=ENOSPC:when=2", into: daemon)
        let params: [String: Any] = ["userId": "ada", "credits": 10, "idempotencyKey": "k"]
        #expect(try connection.call("createProject", params).code == 1007)
        #expect(try connection.call("createProject", params).int("balance.available") == 990)
        strace.kill()
        #expect(try connection.call("audit").bool("ok") == true)
        #expect(daemon.stop() == 0)
    }

    @Test(
        "a start whose every sync fails in turn ends in order, and the next one finds everything",
        arguments: ["fsync", "fdatasync"])
    func startUp(call: String) throws {
        let daemon = try TestDaemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 1000, "reason": "r"])
        _ = try daemon.call("createProject", ["userId": "ada", "credits": 10])
        daemon.kill()
        var failures = 0
        var starts = false
        while !starts {
            try #require(failures < 30)
            let spawned = try SpawnedDaemon(
                database: daemon.database, socket: daemon.folder + "/t",
                wrapper: [
                    "strace", "-f", "-qq", "-o", daemon.folder + "/trace", "-e", "trace=\(call)", "-e",
                    "inject=\(call):error=EIO:when=\(failures + 1)",
                ])
            try waitFor("the start") { !spawned.child.isRunning || spawned.log.contains(" ready ") }
            if spawned.child.isRunning {
                starts = true
                let lock = try String(contentsOfFile: daemon.database + ".lock", encoding: .utf8)
                let pid = try #require(lock.split(whereSeparator: { " \n".contains($0) }).last.flatMap { pid_t($0) })
                kill(pid, SIGKILL)
                spawned.child.exitCode()
            } else {
                failures += 1
                #expect(try spawned.refusal().code == 73)
            }
        }
        #expect(failures > 0)
        try daemon.start()
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 990)
        #expect(try daemon.call("audit").bool("ok") == true)
    }
}
