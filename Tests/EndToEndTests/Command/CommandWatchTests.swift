import Foundation
import TestSupport
import Testing

@Suite("lifecyclectl: watch and wait")
struct CommandWatchTests {
    /// A `lifecyclectl` that goes on until it is told to end.
    private final class Running {
        let child: ChildProcess
        private let output: ScratchFile
        private let errors: ScratchFile

        init(_ arguments: [String], socket: String) throws {
            output = try ScratchFile()
            errors = try ScratchFile()
            child = try ChildProcess(
                Command.binary, arguments, environment: ["LIFECYCLE_SOCKET": socket],
                standardOutput: output.descriptor, standardError: errors.descriptor)
        }

        var lines: [String] { output.text.split(separator: "\n").map(String.init) }

        func wait(forLines count: Int) throws -> [String] {
            try waitFor("\(count) lines") {
                guard child.isRunning else { throw TestFailure("it ended: \(errors.text)") }
                return lines.count >= count
            }
            return lines
        }
    }

    @Test("each event is a line, what was first; Ctrl-C ends it as it ends every program")
    func lines() throws {
        let daemon = try TestDaemon()
        try daemon.grant("ada")
        let id = try #require(
            try daemon.call("createProject", ["userId": "ada", "credits": 1]).string("project.projectId"))
        let watch = try Running(["watch", "--from", "0"], socket: daemon.socket)
        _ = try watch.wait(forLines: 2)
        _ = try daemon.call("updateStatus", ["projectId": id, "status": "failed", "errorMessage": "x"])
        _ = try daemon.call("grantCredits", ["userId": "bea\u{202E}", "credits": 1, "reason": "a\u{1B}[31mb\nc"])
        let lines = try watch.wait(forLines: 4)
        let noProject = String(repeating: " ", count: 51)
        #expect(
            lines.map(\.masked) == [
                "     1  DATE------ TIME----Z  granted" + noProject + "ada  1 credits: r",
                "     2  DATE------ TIME----Z  created             PROJECT-ID--------------------------  ada",
                "     3  DATE------ TIME----Z  failed              PROJECT-ID--------------------------  ada",
                "     4  DATE------ TIME----Z  granted" + noProject + #"bea\u{202e}  1 credits: a\u{1b}[31mb\nc"#,
            ])
        watch.child.send(SIGINT)
        #expect(watch.child.exitCode() == -SIGINT)
        #expect(watch.lines == lines)
    }

    @Test("--json prints the daemon's own text; a project's or a user's only")
    func json() throws {
        let daemon = try TestDaemon()
        try daemon.grant("ada", times: 2)
        let id = try #require(
            try daemon.call("createProject", ["userId": "bea", "credits": 0]).string("project.projectId"))
        let history = try daemon.history()
        let all = try Running(["watch", "--json", "--from", "0"], socket: daemon.socket)
        let user = try Running(["watch", "--json", "--from", "1", "--user", "ada"], socket: daemon.socket)
        let project = try Running(["watch", "--json", "--from", "0", "--project", id], socket: daemon.socket)
        let envelope = #"{"jsonrpc":"2.0","method":"event","params":"#.count
        let expected = history.map { String($0.line.dropFirst(envelope).dropLast()) }
        #expect(try all.wait(forLines: 3) == expected)
        #expect(try user.wait(forLines: 1) == [expected[1]])
        #expect(try project.wait(forLines: 1) == [expected[2]])
    }

    @Test("a restart of the daemon is waited out, nothing is lost or shown twice")
    func restart() throws {
        let daemon = try TestDaemon()
        let watch = try Running(["watch", "--from", "0", "--json"], socket: daemon.socket)
        for round in 1...3 {
            try daemon.grantAtOnce("ada", times: 50)
            _ = try watch.wait(forLines: (round - 1) * 50 + 1)
            if round == 2 { daemon.stop() } else { daemon.kill() }
            try daemon.start()
        }
        try daemon.grant("ada")
        let seqs = try watch.wait(forLines: 151).map { try #require(try Reply($0).object["seq"] as? Int) }
        #expect(seqs == Array(1...151))
    }

    @Test("without a daemon, and when it refuses, it says so and ends")
    func failures() throws {
        let run = try Command(["watch"], socket: "/nowhere/s")
        #expect(run.code == 3 && run.errors.contains("/nowhere/s"))
        let daemon = try TestDaemon()
        #expect(try daemon.command("watch", "--from", "1").code == 1)
        let unknown = try daemon.command("watch", "--project", CommandUsageTests.id)
        #expect(unknown.code == 1 && unknown.errors.contains("projectNotFound"))
    }

    @Test("colours stand on a terminal only, and lines are cut to its width")
    func terminal() throws {
        let daemon = try TestDaemon()
        let id = try #require(
            try daemon.call("createProject", ["userId": "ada", "credits": 0]).string("project.projectId"))
        _ = try daemon.call("updateStatus", ["projectId": id, "status": "failed"])
        let (master, slave) = try PseudoTerminal.open()
        defer { close(master) }
        let child = try ChildProcess(
            Command.binary, ["watch", "--from", "0"],
            environment: ["LIFECYCLE_SOCKET": daemon.socket, "TERM": "xterm", "COLUMNS": "60"],
            standardInput: slave, standardOutput: slave, standardError: slave)
        close(slave)
        var screen = ""
        var chunk = [UInt8](repeating: 0, count: 4096)
        while screen.filter({ $0 == "\r\n" }).count < 2 {
            let count = read(master, &chunk, chunk.count)
            try #require(count > 0)
            screen += String(decoding: chunk[..<count], as: UTF8.self)
        }
        child.kill()
        #expect(screen.contains("\u{1B}[33mcreated\u{1B}[0m") && screen.contains("\u{1B}[31mfailed\u{1B}[0m"))
        for line in screen.split(separator: "\r\n") {
            #expect(line.replacing(/\u{1B}\[\d+m/, with: "").count == 60 && line.hasSuffix("…"))
        }
    }

    @Test(
        "wait ends with the verdict: 0 when completed, 4 when failed",
        arguments: [("completed", Int32(0)), ("failed", 4)])
    func wait(_ status: String, _ code: Int32) throws {
        let daemon = try TestDaemon()
        let id = try #require(
            try daemon.call("createProject", ["userId": "ada", "credits": 0, "externalId": "e"]).string(
                "project.projectId"))
        let waiting = try [["wait", id], ["wait", "--external-id", "e", "--json", "--timeout", "60"]].map {
            try Running($0, socket: daemon.socket)
        }
        try waitFor("both to watch") {
            try daemon.call("getMetrics").metric("gauges", "lifecycle_watchers") == 2
        }
        // A restart in between changes nothing.
        daemon.kill()
        try daemon.start()
        _ = try daemon.call("updateStatus", ["projectId": id, "status": "processing"])
        _ = try daemon.call("updateStatus", ["projectId": id, "status": status])
        #expect(waiting.map { $0.child.exitCode() } == [code, code])
        let text = status == "failed" ? "failed: pipelineFailed: unspecified" : "completed"
        #expect(waiting[0].lines == ["Project \(id) is \(text)."])
        let json = try #require(waiting[1].lines.first)
        #expect(json.hasPrefix(#"{"project":{"projectId":"\#(id)""#) && json.contains(#""status":"\#(status)""#))
        // One that has ended already.
        #expect(try daemon.command("wait", id).code == code)
    }

    @Test("wait gives up after its --timeout, with 1; an unknown project is 1, no daemon 3")
    func waitFails() throws {
        let daemon = try TestDaemon()
        let id = try #require(
            try daemon.call("createProject", ["userId": "ada", "credits": 0]).string("project.projectId"))
        let late = try daemon.command("wait", id, "--timeout", "0.2")
        #expect(late.code == 1 && late.output.isEmpty && late.errors.contains("did not end within 200 ms"))
        #expect(try daemon.command("wait", CommandUsageTests.id).code == 1)
        #expect(try Command(["wait", id], socket: "/nowhere/s").code == 3)
        #expect(try Command(["wait", "--help"]).output.contains("4 if it failed"))
    }
}
