import Foundation
import TestSupport
import Testing

/// A reader holds a snapshot, so that the log can only grow, while creates fill the disk.
@Suite("A disk that is full of our own log", .enabled(if: SmallDisk.isAvailable && Machine.hasPython), .serialized)
struct HeldLogTests {
    private static let mebi = 1 << 20
    private let disk: SmallDisk
    private let folder: ScratchFolder
    private var database: String { disk.file("l.db") }

    init() throws {
        disk = try SmallDisk(.memory, megabytes: 128)
        folder = try ScratchFolder()
    }

    private func daemon(_ arguments: [String] = []) throws -> SpawnedDaemon {
        try SpawnedDaemon(database: database, socket: folder.file("s"), arguments).waitUntilServing()
    }

    private func size(_ ending: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: database + ending)
        return attributes?[.size] as? Int ?? 0
    }

    /// Creates projects of one credit, as many at once, until they are refused.
    /// - Parameter note: bytes that each is to have.
    private func fill(_ connection: Connection, atOnce: Int, note: Int) throws -> [String] {
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 100_000, "reason": "r"])
        let params: [String: Any] = [
            "userId": "ada", "credits": 1, "metadata": ["note": String(repeating: "x", count: note)],
        ]
        var projects: [String] = []
        var refusals = 0
        while refusals == 0 {
            for id in 0..<atOnce { try connection.send(Connection.request("createProject", params, id: id)) }
            for _ in 0..<atOnce {
                let reply = try connection.reply()
                if let id = reply.string("project.projectId") {
                    projects.append(id)
                } else {
                    #expect(reply.kind == "storageFull", "\(reply.line)")
                    refusals += 1
                }
            }
        }
        return projects
    }

    /// Each by itself, and each must be refunded; and a read after each.
    private func settle(_ projects: some Sequence<String>, _ connection: Connection) throws {
        var refused: [String] = []
        for (index, id) in projects.enumerated() {
            let reply =
                index % 3 == 0
                ? try connection.call("cancelProject", ["projectId": id])
                : try connection.call("updateStatus", ["projectId": id, "status": "failed"])
            if reply.error != nil { refused.append(reply.line) }
            let status = try connection.call("getStatus", ["projectId": id])
            #expect(status.string("project.status") == "failed", "\(status.line)")
        }
        #expect(refused.isEmpty, "\(refused.count) were refused, the first: \(refused.first ?? "")")
    }

    /// Reader and trouble have gone: all is as it was before.
    private func expectRecovery(_ daemon: SpawnedDaemon, _ connection: Connection, held: Int) throws {
        try waitFor("the log to be given back") { size("-wal") <= 33 * Self.mebi }
        let before = try #require(try connection.call("getBalance", ["userId": "ada"]).int("available"))
        try waitFor("creates to work again") {
            try connection.call("createProject", ["userId": "ada", "credits": 5, "idempotencyKey": "after"]).error
                == nil
        }
        let balance = try connection.call("getBalance", ["userId": "ada"])
        #expect(balance.int("available") == before - 5)
        #expect(balance.int("held") == held + 5)
        #expect(try connection.call("audit").bool("ok") == true)
        #expect(size(".ballast") >= 24 * Self.mebi)
        #expect(daemon.stop() == 0)
        #expect(size("-wal") == 0)
        let again = try self.daemon()
        #expect(try again.call("audit").bool("ok") == true)
        #expect(again.stop() == 0)
    }

    @Test("refunds and reads go on, also over a stop and a kill, and the log is given back when the reader goes")
    func foreignReader() throws {
        var daemon = try daemon()
        let foreigner = try Foreigner(database, ["BEGIN", "SELECT count(*) FROM project"])
        var projects = try fill(daemon.connect(), atOnce: 5, note: 8000)[...]
        #expect(size("-wal") > 33 * Self.mebi, "it is not full of its log")
        func settleSome() throws {
            try settle(projects.prefix(150), daemon.connect())
            projects = projects.dropFirst(150)
        }
        try settleSome()
        for isKilled in [false, true, false] {
            if isKilled { daemon.child.kill() } else { #expect(daemon.stop() == 0) }
            daemon = try self.daemon()
            let create = try daemon.call("createProject", ["userId": "ada", "credits": 1])
            #expect(create.kind == "storageFull", "\(create.line)")
            try settleSome()
        }
        #expect(try daemon.call("getMetrics").metric("gauges", "lifecycle_charges_refused") == 1)
        foreigner.leave()
        try expectRecovery(daemon, daemon.connect(), held: projects.count)
    }

    @Test("what refunds may take is bounded, too: the log can be given back whatever they do")
    func refundsWithoutEnd() throws {
        try disk.resize(megabytes: 80)
        let daemon = try daemon()
        let connection = try daemon.connect()
        let foreigner = try Foreigner(database, ["BEGIN", "SELECT count(*) FROM project"])
        // Many small ones in each commit, and then a commit for each.
        var projects = try fill(connection, atOnce: 100, note: 0)
        var refused = 0
        while refused < 5, let id = projects.last {
            let reply = try connection.call("updateStatus", ["projectId": id, "status": "failed"])
            if reply.error == nil {
                projects.removeLast()
            } else {
                #expect(reply.kind == "storageFull", "\(reply.line)")
                refused += 1
            }
        }
        #expect(try connection.call("getBalance", ["userId": "ada"]).int("held") == projects.count)
        foreigner.leave()
        try waitFor("refunds to go on") {
            guard let id = projects.last else { return true }
            return try connection.call("updateStatus", ["projectId": id, "status": "failed"]).error == nil
        }
        try expectRecovery(daemon, connection, held: max(0, projects.count - 1))
    }

    @Test("deadlines are kept while the log holds the disk")
    func deadlines() throws {
        let daemon = try daemon()
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "eve", "credits": 100, "reason": "r"])
        let foreigner = try Foreigner(database, ["BEGIN", "SELECT count(*) FROM project"])
        for _ in 0..<50 {
            let reply = try connection.call("createProject", ["userId": "eve", "credits": 2, "startTimeout": 20])
            #expect(reply.error == nil)
        }
        let count = try fill(connection, atOnce: 20, note: 8000).count
        try waitFor("the start timeout") {
            try connection.call("getBalance", ["userId": "eve"]).int("available") == 100
        }
        foreigner.leave()
        try expectRecovery(daemon, connection, held: count)
    }

    @Test("our own backup into a folder that takes nothing is such a reader", .enabled(if: SmallDisk.isBreakable))
    func slowBackup() throws {
        let slow = try SmallDisk(.ext4, megabytes: 64)
        let daemon = try daemon(["--backup-folder", slow.file("backups")])
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 1000, "reason": "r"])
        let note = String(repeating: "x", count: 10_000)
        for _ in 0..<1000 {
            let params: [String: Any] = ["userId": "ada", "credits": 1, "metadata": ["note": note]]
            #expect(try connection.call("createProject", params).error == nil)
        }
        let asking = try daemon.connect()
        defer { try? slow.thaw() }
        try waitFor("a backup that is held up in its middle") {
            let name = "\(UUID().uuidString).db"
            try asking.send(Connection.request("backup", ["path": name], id: 1))
            try waitFor("the copy to begin") {
                let names = (try? FileManager.default.contentsOfDirectory(atPath: slow.file("backups"))) ?? []
                return names.contains { part in
                    let attributes = try? FileManager.default.attributesOfItem(atPath: slow.file("backups/" + part))
                    return part == name || (part.hasSuffix(".partial") && attributes?[.size] as? Int ?? 0 > 0)
                }
            }
            try slow.freeze()
            let part = try FileManager.default.contentsOfDirectory(atPath: slow.file("backups")).first {
                $0.hasSuffix(".partial")
            }
            let attributes = try? FileManager.default.attributesOfItem(atPath: slow.file("backups/" + (part ?? "")))
            if let copied = attributes?[.size] as? Int, copied < size("") / 2 { return true }
            // It was faster.
            try slow.thaw()
            _ = try asking.reply()
            unlink(slow.file("backups/" + name))
            return false
        }
        let projects = try fill(connection, atOnce: 5, note: 8000)
        try settle(projects.prefix(150), connection)
        try slow.thaw()
        #expect(try asking.reply().error == nil)
        try expectRecovery(daemon, connection, held: 1000 + projects.count - 150)
    }

    @Test("a restore replaces a database whose log cannot be copied for want of room, and keeps both")
    func restore() throws {
        let daemon = try daemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 7, "reason": "r"])
        #expect(try daemon.call("backup", ["path": "b.db"]).error == nil)
        let foreigner = try Foreigner(database, ["BEGIN", "SELECT count(*) FROM project"])
        let projects = try fill(daemon.connect(), atOnce: 5, note: 8000)
        daemon.child.kill()
        foreigner.leave()
        // What others do: all that the daemon has kept for the copy is taken.
        unlink(database + ".ballast")
        try disk.fill(leaving: 1)
        let run = try ChildProcess.run(
            TestDaemon.binary, ["--restore", disk.file("backups/b.db"), "--database", database])
        #expect(run.code == 0, "\(run.errors)")
        disk.free()
        let again = try self.daemon()
        #expect(try again.call("getBalance", ["userId": "ada"]).int("available") == 7)
        #expect(again.stop() == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: disk.path)
        let kept = try #require(names.first { $0.contains("before-restore") && !$0.hasSuffix("-wal") })
        let count = try ChildProcess.run("sqlite3", [disk.file(kept), "SELECT count(*) FROM project"])
        #expect(count.output == "\(projects.count)\n")
    }
}
