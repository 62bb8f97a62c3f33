import Foundation
import TestSupport
import Testing

@Suite("lifecyclectl: signals")
struct CommandSignalTests {
    @Test(
        "a watch ends by the signal, so that a shell sees why, though whoever started it blocked it",
        arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE])
    func watch(_ signal: Int32) throws {
        let daemon = try SharedDaemon.get()
        for wrapper in [[], ["env", "--block-signal"]] {
            let output = try ScratchFile()
            let words = wrapper + [Command.binary, "watch", "--from", "0", "--socket", daemon.socket]
            _ = try daemon.call("grantCredits", ["userId": "watched", "credits": 1, "reason": "r"])
            let child = try ChildProcess(
                words[0], Array(words.dropFirst()), standardOutput: output.descriptor)
            try waitFor("a line") { !output.text.isEmpty }
            child.send(signal)
            #expect(child.exitCode() == -signal)
        }
    }

    @Test("SIGTERM ends it and nohup keeps it, though both were ignored")
    func ignored() throws {
        let daemon = try SharedDaemon.get()
        _ = try daemon.call("grantCredits", ["userId": "watched", "credits": 1, "reason": "r"])
        let output = try ScratchFile()
        let child = try ChildProcess(
            "env", ["--ignore-signal", Command.binary, "watch", "--from", "0", "--socket", daemon.socket],
            standardOutput: output.descriptor)
        try waitFor("a line") { !output.text.isEmpty }
        child.send(SIGHUP)
        #expect(child.isRunning)
        child.send(SIGTERM)
        #expect(child.exitCode() == -SIGTERM)
    }

    @Test(
        "an import that is asked to end takes all back, and ends by the signal",
        arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPWR])
    func importing(_ signal: Int32) throws {
        let folder = try ScratchFolder()
        try writeNumberedLines(
            200_000, format: "user%.0f,1", under: "userId,credits", to: folder.file("import.csv"))
        let database = folder.file("state/l.db")
        let child = try ChildProcess(
            Command.binary,
            ["import", "users", folder.file("import.csv"), "--database", database, "--create"])
        try waitFor("it to have begun") {
            FileManager.default.fileExists(atPath: database + ".lock") || !child.isRunning
        }
        child.send(signal)
        #expect(child.exitCode() == -signal)
        let daemon = try SpawnedDaemon(database: database, socket: folder.file("s")).waitUntilServing()
        #expect(try daemon.call("getBalance", ["userId": "user1"]).int("available") == 0)
        #expect(try daemon.call("audit").bool("ok") == true)
        #expect(daemon.stop() == 0)
    }
}
