import Foundation
import TestSupport
import Testing

@Suite("Restoring a backup")
struct RestoreTests {
    private let daemon: TestDaemon
    private var backup: String { daemon.folder + "/backups/b.db" }

    /// A daemon that has made a backup when ada had 10 credits, and has gone on to 15.
    init() throws {
        daemon = try TestDaemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 10, "reason": "r"])
        _ = try daemon.call("createProject", ["userId": "ada", "credits": 0, "externalId": "e"])
        _ = try daemon.call("backup", ["path": "b.db"])
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 5, "reason": "r"])
    }

    private func restore(
        _ file: String? = nil, database: String? = nil, _ further: [String] = [], wrapper: [String] = []
    ) throws -> (code: Int32, output: String, errors: String) {
        let command =
            wrapper + [
                TestDaemon.binary, "--restore", file ?? backup, "--database", database ?? daemon.database,
            ] + further
        return try ChildProcess.run(command[0], Array(command.dropFirst()))
    }

    private func credits() throws -> Int? { try daemon.call("getBalance", ["userId": "ada"]).int("available") }

    private func kept() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: daemon.folder).filter { $0.contains("before-restore") }
    }

    private func expectRefused(_ file: String, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let run = try restore(file)
        #expect(run.code == 65, "\(run)", sourceLocation: sourceLocation)
        for word in words + [file] {
            #expect(run.errors.contains(word), "\(run.errors)", sourceLocation: sourceLocation)
        }
        #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)", sourceLocation: sourceLocation)
        #expect(try kept().isEmpty, sourceLocation: sourceLocation)
        let names = try FileManager.default.contentsOfDirectory(atPath: daemon.folder)
        #expect(!names.contains { $0.hasPrefix("l.db.restore") }, "\(names)", sourceLocation: sourceLocation)
    }

    @Test(
        "there and back: the ledger is the backup's, and the old one can be restored in turn", arguments: [false, true])
    func roundTrip(afterKill: Bool) throws {
        chmod(daemon.database, 0o640)
        if afterKill { daemon.kill() } else { #expect(daemon.stop() == 0) }
        let run = try restore()
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output.contains("1 projects up to event 2"))
        let previous = try #require(kept().first)
        #expect(run.output.contains(previous))
        let names = try FileManager.default.contentsOfDirectory(atPath: daemon.folder)
        #expect(
            !names.contains("l.db-wal") && !names.contains("l.db-shm") && !names.contains("l.db.restore"), "\(names)")
        var status = stat()
        #expect(lstat(daemon.database, &status) == 0 && status.st_mode & 0o7777 == 0o640)

        try daemon.start()
        #expect(try credits() == 10)
        #expect(try daemon.call("getStatus", ["externalId": "e"]).error == nil)
        #expect(try daemon.call("audit").bool("ok") == true)
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        #expect(daemon.stop() == 0)

        #expect(try restore(daemon.folder + "/" + previous).code == 0)
        try daemon.start()
        #expect(try credits() == 15, "what was in the old WAL is not lost")
        #expect(try daemon.call("audit").bool("ok") == true)
        #expect(try kept().count == 2)
        #expect(daemon.stop() == 0)
    }

    @Test("is refused under a live daemon, which does not notice")
    func live() throws {
        let run = try restore()
        #expect(run.code == 75)
        for word in ["pid \(daemon.pid)", "lifecycled.socket", "lifecycled.service"] {
            #expect(run.errors.contains(word))
        }
        #expect(try kept().isEmpty)
        #expect(try credits() == 15)
        #expect(daemon.stop() == 0)
    }

    @Test("what is no sound backup is refused with the reason, and the database is as it was")
    func badFiles() throws {
        let good = try Data(contentsOf: URL(fileURLWithPath: backup))
        #expect(daemon.stop() == 0)
        let bad = daemon.folder + "/bad.db"
        func write(_ bytes: Data) throws { try bytes.write(to: URL(fileURLWithPath: bad)) }

        try expectRefused(bad, "No such file")
        try expectRefused(daemon.folder, "not a regular file")
        try expectRefused("/dev/null", "not a regular file")
        try expectRefused(daemon.database, "the database itself")
        try write(Data())
        try expectRefused(bad, "empty")
        try write(Data(String(repeating: "These are my notes.\n", count: 500).utf8))
        try expectRefused(bad, "no SQLite database")
        try write(good.prefix(good.count / 2))
        try expectRefused(bad, "damaged")
        var bytes = good
        bytes[63] = 99
        try write(bytes)
        try expectRefused(bad, "schema 99", "install a newer one")
        bytes = good
        bytes.replaceSubrange(68..<72, with: [0, 0, 0, 0])
        try write(bytes)
        try expectRefused(bad, "not a database of lifecycled")
        bytes = good
        bytes.replaceSubrange(8192..<8292, with: Data(repeating: 0xA5, count: 100))
        try write(bytes)
        try expectRefused(bad, "damaged")
        try write(good)
        let tampered = try ChildProcess.run(
            "sqlite3", [bad, "UPDATE account SET available = 11, granted = 11"])
        #expect(tampered.code == 0, "\(tampered.errors)")
        try expectRefused(bad, "audit", "ada")
        try write(good)
        try Data([1]).write(to: URL(fileURLWithPath: bad + "-wal"))
        try expectRefused(bad, "bad.db-wal")

        try daemon.start()
        #expect(try credits() == 15)
    }

    @Test("a copy of two moments, whose index does not have what its table has, is refused")
    func torn() throws {
        for number in 0..<5 {
            _ = try daemon.call("createProject", ["userId": "ada", "credits": 1, "externalId": "later-\(number)"])
        }
        _ = try daemon.call("backup", ["path": "later.db"])
        #expect(daemon.stop() == 0)
        let older = try Data(contentsOf: URL(fileURLWithPath: backup))
        var torn = try Data(contentsOf: URL(fileURLWithPath: daemon.folder + "/backups/later.db"))
        let query = "SELECT rootpage FROM sqlite_schema WHERE name = 'projectByExternalId'"
        let answer = try ChildProcess.run("sqlite3", ["-readonly", backup, query])
        let page = try #require(Int(answer.output.split(separator: "\n").first ?? ""))
        let bytes = (page - 1) * 4096..<page * 4096
        #expect(torn[bytes] != older[bytes])
        torn.replaceSubrange(bytes, with: older[bytes])
        let bad = daemon.folder + "/bad.db"
        try torn.write(to: URL(fileURLWithPath: bad))
        try expectRefused(bad, "damaged", "projectByExternalId")
        try daemon.start()
        #expect(try credits() == 10)
    }

    @Test("a copy whose schema is not the ledger's is refused, and the daemon does not start on one")
    func schema() throws {
        #expect(daemon.stop() == 0)
        let bad = daemon.folder + "/bad.db"
        try Data(contentsOf: URL(fileURLWithPath: backup)).write(to: URL(fileURLWithPath: bad))
        #expect(try ChildProcess.run("sqlite3", [bad, "DROP TRIGGER projectRefund"]).code == 0)
        try expectRefused(bad, "trigger projectRefund is missing")

        #expect(try ChildProcess.run("sqlite3", [daemon.database, "DROP TRIGGER entryKept"]).code == 0)
        let (code, sentence) = try refusal(of: daemon, launch: true)
        #expect(code == 73, "as for a damaged database")
        #expect(sentence.contains("trigger entryKept is missing"), "\(sentence)")
        #expect(sentence.contains(daemon.database))
        #expect(!FileManager.default.fileExists(atPath: daemon.socket), "nobody was listened to")
        #expect(try restore().code == 0, "a good backup takes its place")
        try daemon.start()
        #expect(try credits() == 10)
    }

    @Test("a database that is gone, or damaged beyond opening, is replaced too, and what is left of it is kept")
    func lost() throws {
        // So that most of it is in the file, and only the last in the WAL.
        #expect(daemon.stop() == 0)
        try daemon.start()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 5, "reason": "r"])
        daemon.kill()
        let log = try Data(contentsOf: URL(fileURLWithPath: daemon.database + "-wal"))
        try #require(!log.isEmpty)
        try Data(repeating: 0x5A, count: 20_000).write(to: URL(fileURLWithPath: daemon.database))
        chmod(daemon.database, 0o600)
        #expect(try restore().code == 0)
        let names = try kept().sorted()
        try #require(names.count == 2)
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(daemon.folder)/\(names[0])")).count == 20_000)
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(daemon.folder)/\(names[1])")) == log)
        try daemon.start()
        #expect(try credits() == 10, "the old WAL is not added to the new database")
        daemon.kill()

        try FileManager.default.removeItem(atPath: daemon.database)
        #expect(try restore().code == 0)
        try daemon.start()
        #expect(try credits() == 10)
        #expect(try daemon.call("audit").bool("ok") == true)
    }

    @Test("onto a path where nothing was yet it makes the database only when that is asked for")
    func new() throws {
        #expect(daemon.stop() == 0)
        let database = daemon.folder + "/new/l.db"
        let refused = try restore(database: database)
        #expect(refused.code == 73 && refused.output.isEmpty)
        for word in ["no database \(database)", "--create", "/var/lib/lifecycle/lifecycle.db"] {
            #expect(refused.errors.contains(word), "\(refused.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: daemon.folder + "/new"))
        let run = try restore(database: database, ["--create"])
        #expect(run.code == 0 && !run.output.contains("old database"), "\(run)")
        #expect(run.output.hasPrefix("lifecycled: \(database) is restored from "), "\(run.output)")
        #expect(run.output.contains("It was created"), "\(run.output)")
        let second = try SpawnedDaemon(database: database, socket: daemon.folder + "/t").waitUntilServing()
        #expect(try second.call("getBalance", ["userId": "ada"]).int("available") == 10)
        #expect(second.stop() == 0)
    }

    @Test("Ctrl-C and kill -9 at any moment leave the old database or the new one", arguments: [SIGINT, SIGKILL])
    func interrupted(_ signal: Int32) throws {
        #expect(daemon.stop() == 0)
        var random = SeededRandom(seed: SeededRandom.seed(for: "restore, signal \(signal)"))
        for _ in 0..<20 {
            let child = try ChildProcess(TestDaemon.binary, ["--restore", backup, "--database", daemon.database])
            // Not a wait for anything: the moment of the signal is what is random.
            usleep(UInt32.random(in: 0...60_000, using: &random))
            child.send(signal)
            child.exitCode()
            try daemon.start()
            let found = try credits()
            #expect(found == 15 || found == 10)
            #expect(try daemon.call("audit").bool("ok") == true)
            if found == 10 { _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 5, "reason": "r"]) }
            #expect(daemon.stop() == 0)
        }
        #expect(try restore().code == 0, "a killed one is not in the way of the next")
        #expect(!FileManager.default.fileExists(atPath: daemon.database + ".restore"))
    }

    @Test("root restores for the daemon's own user", .enabled(if: Machine.isRoot))
    func owner() throws {
        #expect(daemon.stop() == 0)
        for name in ["", "/l.db", "/l.db.lock", "/l.db-wal", "/l.db-shm", "/l.db.ballast"] {
            chown(daemon.folder + name, 62_000, 62_000)
        }
        unlink(daemon.database + ".lock")
        #expect(try restore().code == 0)
        for name in ["/l.db", "/l.db.lock", "/" + (try #require(kept().first))] {
            var status = stat()
            #expect(lstat(daemon.folder + name, &status) == 0 && status.st_uid == 62_000, "\(name)")
        }
    }

    @Test("on a full disk the database is as it was", .enabled(if: SmallDisk.isAvailable))
    func fullDisk() throws {
        let disk = try SmallDisk(.memory, megabytes: 64)
        let first = try SpawnedDaemon(database: disk.file("l.db"), socket: daemon.folder + "/t").waitUntilServing()
        _ = try first.call("grantCredits", ["userId": "bea", "credits": 7, "reason": "r"])
        #expect(first.stop() == 0)
        try disk.fill()
        let run = try restore(database: disk.file("l.db"))
        #expect(run.code == 65)
        #expect(run.errors.contains("full"), "\(run.errors)")
        disk.free()
        let second = try SpawnedDaemon(database: disk.file("l.db"), socket: daemon.folder + "/t").waitUntilServing()
        #expect(try second.call("getBalance", ["userId": "bea"]).int("available") == 7)
    }
}
