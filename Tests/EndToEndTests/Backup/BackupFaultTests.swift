import Foundation
import TestSupport
import Testing

@Suite("Backups when something goes wrong")
struct BackupFaultTests {
    private func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    /// Some megabytes of projects.
    static func fill(_ daemon: TestDaemon, megabytes: Int) throws {
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 1_000_000, "reason": "r"])
        let note = String(repeating: "x", count: 10_000)
        for _ in 0..<(megabytes * 10) {
            for id in 0..<10 {
                let params: [String: Any] = ["userId": "ada", "credits": 1, "metadata": ["note": note]]
                try connection.send(Connection.request("createProject", params, id: id))
            }
            for _ in 0..<10 { #expect(try connection.reply().error == nil) }
        }
    }

    @Test(
        "on a full disk the reason is told, nothing is left, and the ledger goes on",
        .enabled(if: SmallDisk.isAvailable))
    func fullDisk() throws {
        let disk = try SmallDisk(.memory, megabytes: 8)
        let daemon = try TestDaemon(["--backup-folder", disk.file("backups")])
        try Self.fill(daemon, megabytes: 3)
        #expect(try daemon.call("backup", ["path": "first.db"]).int("projects") == 300)
        for megabytes in 0...2 {
            try disk.fill(leaving: megabytes)
            let reply = try daemon.call("backup", ["path": "second.db"])
            #expect(reply.code == 1009)
            #expect(reply.kind == "backupFailed")
            #expect((reply.data?["reason"] as? String)?.contains("full") == true, "\(reply.line)")
            #expect(try files(disk.file("backups")) == ["first.db"])
            disk.free()
        }
        #expect(try daemon.call("createProject", ["userId": "ada", "credits": 1]).error == nil)
        #expect(try daemon.call("backup", ["path": "second.db"]).int("projects") == 301)
        #expect(daemon.stop() == 0)
    }

    @Test("kill -9 in the middle leaves no backup, and what it left goes with the next one")
    func killed() throws {
        let daemon = try TestDaemon()
        try Self.fill(daemon, megabytes: 20)
        let backups = daemon.folder + "/backups"
        var wasCaught = false
        for round in 0..<50 where !wasCaught {
            let connection = try daemon.connect()
            try connection.send(Connection.request("backup", ["path": "\(round).db"], id: 1))
            try waitFor("the backup to begin") {
                let names = (try? files(backups)) ?? []
                return names.contains("\(round).db") || names.contains { $0.hasSuffix(".partial") }
            }
            daemon.kill()
            wasCaught = try files(backups).contains { $0.hasSuffix(".partial") }
            try daemon.start()
        }
        #expect(wasCaught)
        let before = try files(backups).filter { !$0.hasPrefix(".") }
        #expect(try daemon.call("backup", ["path": "next.db"]).int("projects") == 2000)
        #expect(try files(backups) == (before + ["next.db"]).sorted())
        #expect(try daemon.call("audit").bool("ok") == true)
        for name in before + ["next.db"] {
            let check = try ChildProcess.run(
                "sqlite3", ["-readonly", "\(backups)/\(name)", "PRAGMA integrity_check; SELECT count(*) FROM project"])
            #expect(check.output == "ok\n2000\n")
        }
    }

    @Test("SIGTERM in the middle is an orderly stop at once, and the caller is told")
    func stopped() throws {
        let daemon = try TestDaemon(["--drain-timeout", "600"])
        try Self.fill(daemon, megabytes: 20)
        let connection = try daemon.connect()
        try connection.send(Connection.request("backup", ["path": "b.db"], id: 1))
        let backups = daemon.folder + "/backups"
        try waitFor("the backup to begin") { ((try? files(backups)) ?? []).isEmpty == false }
        let start = ContinuousClock.now
        #expect(daemon.stop() == 0)
        #expect(ContinuousClock.now - start < .seconds(300))
        let reply = try connection.reply()
        if reply.error != nil {
            #expect(reply.data?["reason"] as? String == "the daemon is stopping", "\(reply.line)")
            #expect(try files(backups) == [])
        } else {
            #expect(try files(backups) == ["b.db"])
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: daemon.database + "-wal")).isEmpty, "a clean stop")
    }

    @Test("getMetrics tells the newest backup, and how large the files are, also after a restart")
    func metrics() throws {
        let daemon = try TestDaemon()
        func gauge(_ name: String) throws -> Double? { try daemon.call("getMetrics").metric("gauges", name) }
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"])
        #expect(try gauge("lifecycle_last_backup_bytes") == 0)
        #expect(try gauge("lifecycle_last_backup_timestamp_seconds") == 0)
        #expect(try gauge("lifecycle_wal_bytes") ?? 0 > 0)
        #expect(try gauge("lifecycle_database_bytes") ?? 0 > 0)
        let before = Date().timeIntervalSince1970.rounded(.down)
        let bytes = try #require(try daemon.call("backup", ["path": "b.db"]).int("bytes"))
        for _ in 0..<2 {
            try waitFor("the gauge") { try gauge("lifecycle_last_backup_bytes") == Double(bytes) }
            #expect(try gauge("lifecycle_last_backup_timestamp_seconds") ?? 0 >= before)
            #expect(daemon.stop() == 0)
            try daemon.start()
        }
    }
}
