import Foundation
import TestSupport
import Testing

@Suite("lifecyclectl: when it fails")
struct CommandFailureTests {
    @Test("a refusal is 1: a sentence and what can be done")
    func refused() throws {
        let daemon = try SharedDaemon.get()
        let user = SharedDaemon.newUser()
        let run = try daemon.command("create", user, "5")
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(
            run.errors == """
                lifecyclectl: The user has 0 credits and needs 5. (insufficientCredits)
                An admin adds credits with grantCredits; nothing was charged, so the same key may be used again.

                """)
        let unknown = try daemon.command("call", "nonsense", "--json")
        #expect(unknown.code == 1)
        #expect(unknown.errors.hasPrefix("lifecyclectl: There is no method \"nonsense\". (methodNotFound)\n"))
    }

    @Test("no connection is 3, at once", arguments: ["none", "refused", "file", "long"])
    func unreachable(_ what: String) throws {
        let folder = try ScratchFolder()
        var socket = folder.file("s")
        if what == "refused" { _ = try UnixSocket(path: socket) }  // Closed at once.
        if what == "file" { _ = FileManager.default.createFile(atPath: socket, contents: nil) }
        if what == "long" { socket += String(repeating: "s", count: 200) }
        let run = try Command(["list"], socket: socket)
        #expect(run.code == 3)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("lifecyclectl: Cannot connect to \(socket): "))
        #expect(run.errors.split(separator: "\n").count == 2)
    }

    @Test("a write without an answer names the key that tells what became of it, and with it is done once")
    func timeout() throws {
        let daemon = try TestDaemon()
        try daemon.freeze()
        let run = try daemon.command("grant", "ada", "5", "--reason", "r", "--timeout", "0.2")
        #expect(run.code == 1)
        let key = try #require(run.errors.firstMatch(of: /\n    lifecyclectl .* --key ([0-9a-f]+-[0-9a-f]+)\n$/)?.1)
        #expect(
            run.errors == """
                lifecyclectl: No answer came within 0.2 seconds.
                The daemon may have done it, or may still do it. Repeat the command with this key: it then takes \
                effect only once.
                    lifecyclectl grant ada 5 --reason r --timeout 0.2 --key \(key)

                """)
        let update = try daemon.command("update", "failed", CommandUsageTests.id, "--timeout", "0.2")
        #expect(update.code == 1 && update.errors.contains("may have done it"))
        let read = try daemon.command("list", "--timeout", "0.2")
        #expect(read.code == 1 && !read.errors.contains("may have done it"))
        daemon.thaw()
        let again = try daemon.command("grant", "ada", "5", "--reason", "r", "--key", String(key))
        #expect(again.code == 0 && again.output.hasSuffix("ada has 5 available and 0 held.\n"))
    }

    @Test("a daemon that is killed before it answers: the outcome is unknown, and the key says so")
    func killed() throws {
        let folder = try ScratchFolder()
        let listener = try UnixSocket(path: folder.file("s"))
        let errors = try ScratchFile()
        let child = try ChildProcess(
            Command.binary, ["create", "ada", "5", "--key", "it's 1", "--socket", folder.file("s")],
            standardError: errors.descriptor)
        // The one that dies: it takes the request and is gone, its socket too.
        let connection = accept(listener.descriptor, nil, nil)
        var request = [UInt8](repeating: 0, count: 4096)
        #expect(recv(connection, &request, request.count, 0) > 0)
        unlink(folder.file("s"))
        close(connection)
        #expect(child.exitCode() == 1)
        #expect(
            errors.text.hasPrefix("lifecyclectl: The connection was lost before the reply came. Cannot connect to "))
        #expect(errors.text.contains("\n    lifecyclectl create ada 5 --key 'it'\"'\"'s 1' --socket /"))
    }

    @Test("an audit that found something is 1, and its findings are shown")
    func audit() throws {
        let result = #"""
            {"ok":false,"checked":7,"findings":[{"check":"balance","subject":"account a\u001b","detail":"off by 1"}]}
            """#
        let run = try CannedDaemon.answer(result, to: "audit")
        #expect(run.code == 1)
        #expect(run.output == "CHECK    SUBJECT          DETAIL\nbalance  account a\\u{1b}  off by 1\n")
        #expect(run.errors == "lifecyclectl: The audit found 1 fault.\n")
        let json = try CannedDaemon.answer(result, to: "audit", "--json")
        #expect(json.code == 1 && json.output == result + "\n")
    }

    @Test(
        "what is not a result of the method is 1",
        arguments: ["{}", "[]", "null", #"{"userId":"a","available":"1","held":0}"#])
    func badReply(_ result: String) throws {
        let run = try CannedDaemon.answer(result, to: "balance", "a")
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("does not follow the daemon's protocol"))
    }

    @Test("a reader that goes away ends it quietly")
    func brokenPipe() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        let errors = try ScratchFile()
        let daemon = try SharedDaemon.get()
        let child = try ChildProcess(
            Command.binary, ["discover", "--socket", daemon.socket], standardOutput: ends[1],
            standardError: errors.descriptor)
        #expect(child.exitCode() == -SIGPIPE)
        #expect(errors.text.isEmpty)
    }

    @Test("output that cannot be written is an error")
    func fullDisk() throws {
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        let errors = try ScratchFile()
        let daemon = try SharedDaemon.get()
        let child = try ChildProcess(
            Command.binary, ["balance", "x", "--socket", daemon.socket], standardOutput: full,
            standardError: errors.descriptor)
        #expect(child.exitCode() == 1)
        #expect(errors.text == "lifecyclectl: Cannot write the output: No space left on device.\n")
    }

    @Test("Ctrl-C ends it at once, with nothing said")
    func interrupt() throws {
        let folder = try ScratchFolder()
        let listener = try UnixSocket(path: folder.file("s"))
        let errors = try ScratchFile()
        let child = try ChildProcess(
            Command.binary, ["list", "--socket", folder.file("s")], standardError: errors.descriptor)
        try waitFor("it to connect") { listener.hasCaller }
        child.send(SIGINT)
        #expect(child.exitCode() == -SIGINT)
        #expect(errors.text.isEmpty)
    }
}
