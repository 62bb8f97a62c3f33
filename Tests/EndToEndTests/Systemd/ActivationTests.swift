import Foundation
import TestSupport
import Testing

@Suite("Socket activation")
struct ActivationTests {
    private let folder: ScratchFolder
    private var path: String { folder.file("s") }
    private var database: String { folder.file("l.db") }

    init() throws { folder = try ScratchFolder() }

    @Test(
        "systemd-socket-activate starts it on the first connection, which is answered",
        .enabled(if: Machine.hasSocketActivate))
    func coldStart() throws {
        let output = try ScratchFile()
        let activator = try ChildProcess(
            "systemd-socket-activate", ["-l", path, TestDaemon.binary, "--database", database],
            standardError: output.descriptor)
        try waitFor("the listener") { output.text.contains("Listening") }
        #expect(!FileManager.default.fileExists(atPath: database), "nothing runs before somebody calls")

        let clock = ContinuousClock()
        let start = clock.now
        let connection = try Connection(path)
        #expect(try connection.call("getBalance", ["userId": "ada"]).int("available") == 0)
        print("cold start: \(clock.now - start) from connect to the first answer, a new database (debug build or not)")

        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 5, "reason": "r"])
        #expect(try Connection(path).call("getBalance", ["userId": "ada"]).int("available") == 5)
        activator.send(SIGTERM)
        #expect(activator.exitCode() == 0, "\(output.text)")
        #expect(FileManager.default.fileExists(atPath: path), "an adopted socket is not removed")
    }

    @Test("a one-shot client that closes its side at once still gets its answer from a cold start")
    func halfClosedBeforeStart() throws {
        let listener = try UnixSocket(path: path)
        let client = try Connection(path)
        try client.send(Connection.request("getBalance", ["userId": "ada"], id: 1))
        client.shutdownWriting()
        let daemon = try SpawnedDaemon(database: database, passing: [listener.descriptor])
        #expect(try client.reply().int("available") == 0)
        #expect(try client.line() == nil)
        #expect(daemon.stop() == 0)
    }

    @Test("an inherited listener outlives the daemon, and --socket is ignored beside it")
    func adoptedSocket() throws {
        let listener = try UnixSocket(path: path)
        let daemon = try SpawnedDaemon(database: database, socket: folder.file("t"), passing: [listener.descriptor])
        #expect(try Connection(path).call("getBalance", ["userId": "ada"]).int("available") == 0)
        #expect(!FileManager.default.fileExists(atPath: folder.file("t")))
        #expect(daemon.stop() == 0)
        #expect(FileManager.default.fileExists(atPath: path))

        // Who connects now waits for the next one.
        let client = try Connection(path)
        try client.send(Connection.request("getBalance", ["userId": "ada"], id: 1))
        let next = try SpawnedDaemon(database: database, passing: [listener.descriptor])
        #expect(try client.reply().int("available") == 0)
        #expect(next.stop() == 0)
    }

    @Test(
        "anything but one listening Unix stream socket is refused",
        arguments: ["two", "datagram", "inet", "idle", "file"])
    func refused(what: String) throws {
        var sockets: [UnixSocket] = []
        var files: [FileHandle] = []
        switch what {
        case "two": sockets = [try UnixSocket(path: path), try UnixSocket(path: folder.file("t"))]
        case "datagram": sockets = [try UnixSocket(path: path, type: SOCK_DGRAM)]
        case "inet": sockets = [try UnixSocket(loopback: ())]
        case "idle": sockets = [try UnixSocket(path: path, listens: false)]
        default: files = [FileHandle(forReadingAtPath: "/dev/null")].compactMap(\.self)
        }
        let descriptors = sockets.map(\.descriptor) + files.map(\.fileDescriptor)
        let (code, sentence) = try SpawnedDaemon(database: database, passing: descriptors).refusal()
        #expect(code == 73)
        #expect(sentence.contains("systemd passed"), "\(sentence)")
        #expect(!FileManager.default.fileExists(atPath: database))
    }

    @Test("sockets that were meant for another process are not taken")
    func foreignListenPID() throws {
        let daemon = try SpawnedDaemon(
            database: database, socket: path, environment: ["LISTEN_PID": "1", "LISTEN_FDS": "2"]
        ).waitUntilServing()
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 0)
        #expect(daemon.stop() == 0)
        #expect(!FileManager.default.fileExists(atPath: path), "its own socket is removed")
    }

    @Test("without a socket of either kind it says what to give")
    func noSocket() throws {
        let (code, sentence) = try SpawnedDaemon(database: database).refusal()
        #expect(code == 73)
        #expect(sentence.contains("--socket"), "\(sentence)")
    }
}
