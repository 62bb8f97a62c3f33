internal import Foundation
internal import LifecycleCore
internal import TestSupport
internal import Testing

@testable import LifecycleRPC
@testable import LifecycleSQLite

@Suite("Where a backup may be made", .ledgers)
struct BackupPathTests {
    /// What a request may not say; `F` stands for the backup folder, `D` for the database's.
    private static let nasty = [
        "", ".", "..", "../b.db", "./b.db", "a/b.db", "/", "/b.db", "/tmp/b.db", "F", "F/", "F/..", "F/../b.db",
        "F/./b.db",
        "F//b.db", "F/a/b.db", "D/b.db", "D/ledger.db", "Fx/b.db", "F\u{301}/b.db", "link/b.db", "D/link/b.db",
        "D/backups2/b.db",
        ".b.db", "F/.b.db", "b.db-wal", "b.db-shm", "b.db-journal", "a\0b.db", "a\nb.db", "a\u{7F}b.db",
        String(repeating: "n", count: 256), String(repeating: "n", count: 5000),
        "F/" + String(repeating: "é", count: 128),
        "exists.db", "F/exists.db", "folder.db", "link.db", "F/link.db", "dangling.db", "F/dangling.db", "fifo.db",
    ]

    @Test("only a new file of the folder; nothing else is touched", arguments: nasty)
    func refused(_ text: String) async throws {
        let ledger = try LedgerHarness()
        let folder = ledger.folder
        let backups = folder.file("backups")
        try FileManager.default.createDirectory(atPath: backups, withIntermediateDirectories: false)
        chmod(backups, 0o700)
        try folder.write([1], to: backups + "/exists.db")
        try FileManager.default.createDirectory(atPath: backups + "/folder.db", withIntermediateDirectories: false)
        try folder.link(backups + "/link.db", to: backups + "/exists.db")
        try folder.link(backups + "/dangling.db", to: folder.file("elsewhere.db"))
        try folder.link(folder.file("link"), to: backups)
        mkfifo(backups + "/fifo.db", 0o600)
        let before = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()

        let path = text.replacing(/^F/, with: backups).replacing(/^D/, with: folder.path)
        let error = try #require(await ledger.error(Backup(path: path)))
        #expect(error.kind == .backupFailed || error.kind == .invalidParams)
        #expect(error.text("reason")?.isEmpty == false)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() == before)
        #expect(try folder.read(backups + "/exists.db") == [1])
        await ledger.close()
    }

    @Test(
        "a name and the absolute path mean the same folder",
        arguments: ["b.db", "F/b.db", "a b", "ünïcode", "-b", "no-suffix", String(repeating: "n", count: 255)])
    func good(_ text: String) async throws {
        let ledger = try LedgerHarness()
        let path = text.replacing(/^F/, with: ledger.folder.file("backups"))
        let report = try await ledger.call(Backup(path: path))
        let name = try #require(text.split(separator: "/").last)
        #expect(report.path == ledger.folder.file("backups/\(name)"))
        #expect(try ledger.folder.mode(report.path) == 0o600)
        await ledger.close()
    }

    /// Makes one in a folder of the test's own.
    private func make(_ configured: String, _ path: String, in folder: ScratchFolder) throws -> BackupReport {
        let writer = try Database(path: folder.database, mode: .writer)
        try Migrator.run(Schema.migrations, on: writer)
        let reader = try Database(path: folder.database, mode: .reader)
        try reader.execute("BEGIN")
        let backups = Backups(BackupFolder(configured, database: try DatabasePath(folder.database))) { _, _ in }
        return try backups.make(path, from: reader)
    }

    @Test("a folder that is no folder of ours is refused, with the reason")
    func badFolders() throws {
        let folder = try ScratchFolder()
        try FileManager.default.createDirectory(atPath: folder.file("real"), withIntermediateDirectories: false)
        chmod(folder.file("real"), 0o700)
        try FileManager.default.createDirectory(atPath: folder.file("open"), withIntermediateDirectories: false)
        chmod(folder.file("open"), 0o777)
        try FileManager.default.createDirectory(atPath: folder.file("sticky"), withIntermediateDirectories: false)
        chmod(folder.file("sticky"), 0o1777)
        try folder.link(folder.file("link"), to: folder.file("real"))
        try folder.write([1], to: folder.file("file"))
        for (configured, word) in [
            ("link", "symbolic links"), ("file", "not a folder"), ("open", "chmod 0700"), (".", "cannot be used"),
            ("missing/backups", "cannot be used"), ("sticky", "mkdir -m 700 \(folder.file("sticky"))/lifecycle"),
            ("link/../../\((folder.path as NSString).lastPathComponent)", "database's own"),
        ] {
            let error = #expect(throws: BackupFailure.self) {
                try make(folder.file(configured), "b.db", in: folder)
            }
            #expect(error?.reason.contains(word) == true, "\(configured): \(String(describing: error))")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("real")) == [])
    }

    @Test("a folder below a symbolic link is one folder under both names")
    func linkAbove() throws {
        let folder = try ScratchFolder()
        try FileManager.default.createDirectory(atPath: folder.file("real"), withIntermediateDirectories: false)
        try folder.link(folder.file("link"), to: folder.file("real"))
        for (index, path) in ["b0", folder.file("link/in/b1"), folder.file("real/in/b2")].enumerated() {
            let report = try make(folder.file("link/in/"), path, in: folder)
            #expect(report.path == folder.file("real/in/b\(index)"))
        }
    }
}
