import Foundation
import TestSupport
import Testing

@Suite("One socket, and daemons with databases of their own")
struct SharedSocketTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private var socket: String { folder.file("s") }

    private func daemon(_ name: String, socket: String? = nil) throws -> SpawnedDaemon {
        try SpawnedDaemon(database: folder.file("\(name)/l.db"), socket: socket ?? self.socket)
    }

    @Test(
        "of some that start at the same instant, over what a killed one left, one lives and is heard", arguments: 0..<6)
    func race(_ round: Int) throws {
        let killed = try daemon("killed").waitUntilServing()
        killed.child.kill()
        #expect(FileManager.default.fileExists(atPath: socket))
        let daemons = try (0..<4).map { try daemon("\($0)") }
        try waitFor("all but one to give up") { daemons.count { $0.child.isRunning } == 1 }
        for loser in daemons where !loser.child.isRunning {
            let (code, sentence) = try loser.refusal()
            #expect(code == 73)
            #expect(sentence.contains(socket) && sentence.contains("stop it"), "\(sentence)")
        }
        let winner = try #require(daemons.first { $0.child.isRunning }).waitUntilServing()
        #expect(try winner.call("getBalance", ["userId": "ada"]).int("available") == 0)
        #expect(winner.stop() == 0)
        #expect(!FileManager.default.fileExists(atPath: socket))
        #expect(!FileManager.default.fileExists(atPath: socket + ".lock"))
    }

    @Test("a second one is refused by whatever path, names the first, and leaves it heard")
    func otherPaths() throws {
        let first = try daemon("first").waitUntilServing()
        try FileManager.default.createDirectory(atPath: folder.file("d"), withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: folder.path)
        for path in [socket, folder.file("link/s"), folder.file("d/../s"), folder.file("./s"), folder.file("/s")] {
            let (code, sentence) = try daemon("second", socket: path).refusal()
            #expect(code == 73)
            #expect(sentence.contains("pid \(first.child.pid)") && sentence.contains(path), "\(sentence)")
            #expect(sentence.contains("stop it first, or give this one another --socket"), "\(sentence)")
            #expect(try first.call("getBalance", ["userId": "ada"]).int("available") == 0)
        }
        #expect(first.stop() == 0)
        let second = try daemon("second").waitUntilServing()
        #expect(second.stop() == 0)
    }

    @Test("a first one that no longer listens, as it is stopping, keeps its path to the end")
    func stopping() throws {
        let first = try SpawnedDaemon(
            database: folder.file("first/l.db"), socket: socket, ["--drain-timeout", "60"]
        ).waitUntilServing()
        let connection = try first.connect()
        _ = try connection.call("getBalance", ["userId": "ada"])
        let requests = (1...40).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"rpc.discover"}"# + "\n" }
        try connection.send(requests.joined())
        try waitFor("much to be unsent") { try first.call("getMetrics").served("rpc.discover") > 5 }
        first.child.send(SIGTERM)
        try waitFor("connections to be refused") { (try? first.connect()) == nil }
        let (code, sentence) = try daemon("second").refusal()
        #expect(code == 73)
        #expect(sentence.contains("pid \(first.child.pid)"), "\(sentence)")
        #expect(try connection.lines().count == 40)
        #expect(first.child.exitCode() == 0)
    }

    @Test(
        "one whose socket is removed or replaced notices, says so, ends with 70, and leaves what is there",
        arguments: ["removed", "replaced", "its folder moved"])
    func lost(_ how: String) throws {
        let place = folder.file("run")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let first = try daemon("first", socket: place + "/s").waitUntilServing()
        switch how {
        case "removed": try FileManager.default.removeItem(atPath: place + "/s")
        case "replaced":
            try FileManager.default.moveItem(atPath: place + "/s", toPath: place + "/away")
            try Data("precious".utf8).write(to: URL(fileURLWithPath: place + "/s"))
        default: try FileManager.default.moveItem(atPath: place, toPath: folder.file("moved"))
        }
        let (code, sentence) = try first.refusal()
        #expect(code == 70)
        let words = "\(place)/s was \(how == "replaced" ? "replaced" : "removed") while in use"
        #expect(sentence.contains(words), "\(sentence)")
        #expect(first.log.contains("the listener was lost"))
        if how == "replaced" { #expect(try String(contentsOfFile: place + "/s", encoding: .utf8) == "precious") }
    }

    @Test("a second one that starts where the first one's files were removed is not robbed by the first one's end")
    func removedAndTaken() throws {
        let first = try daemon("first").waitUntilServing()
        try FileManager.default.removeItem(atPath: socket)
        try FileManager.default.removeItem(atPath: socket + ".lock")
        let second = try daemon("second").waitUntilServing()
        #expect(try first.refusal().code == 70)
        #expect(try second.call("getBalance", ["userId": "ada"]).int("available") == 0)
        #expect(try daemon("third").refusal().sentence.contains("pid \(second.child.pid)"))
        #expect(second.stop() == 0)
    }

    @Test("a lock that is a link or no file is refused and stays", arguments: ["link", "folder"])
    func badLock(_ kind: String) throws {
        let lock = socket + ".lock"
        if kind == "link" {
            try FileManager.default.createSymbolicLink(atPath: lock, withDestinationPath: folder.file("precious"))
        } else {
            try FileManager.default.createDirectory(atPath: lock, withIntermediateDirectories: false)
        }
        let (code, sentence) = try daemon("first").refusal()
        #expect(code == 73)
        #expect(sentence.contains(lock), "\(sentence)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("precious")))
        #expect(!FileManager.default.fileExists(atPath: socket))
    }
}
