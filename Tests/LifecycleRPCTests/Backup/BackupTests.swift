internal import Foundation
internal import LifecycleCore
internal import TestSupport
internal import Testing

@testable import LifecycleRPC
@testable import LifecycleSQLite

@Suite("A backup", .ledgers)
struct BackupTests {
    private func folder(_ ledger: LedgerHarness) -> String { ledger.folder.file("backups") }

    /// So much that a copy takes a while.
    private func fill(_ ledger: LedgerHarness, projects: Int) async throws {
        try await ledger.grant(1_000_000, to: "ann")
        let note = String(repeating: "x", count: 12_000)
        for _ in 0..<(projects / 200) {
            let call = Call("createProject", #"{"userId":"ann","credits":1,"metadata":{"note":"\#(note)"}}"#)
            for result in await ledger.results(of: Array(repeating: call, count: 200)) { _ = try result.get() }
        }
    }

    @Test("under load is one moment of the ledger: all that was answered before, whole, while writers go on")
    func underLoad() async throws {
        let ledger = try LedgerHarness()
        try await fill(ledger, projects: 3000)
        let answered = Box<[ProjectID]>([])
        let isDone = Box(false)
        let load = (0..<4).map { _ in
            Task {
                while !isDone.value {
                    let id = try await ledger.create(1, for: "ann").projectId
                    answered.change { $0.append(id) }
                    if id.low % 2 == 0 { _ = try await ledger.report(id, .failed) }
                }
            }
        }
        while answered.value.count < 20 { await Task.yield() }

        let before = answered.value
        let report = try await ledger.call(Backup(path: "b.db"))
        let meanwhile = answered.value.count - before.count
        isDone.change { $0 = true }
        for task in load { try await task.value }

        #expect(report.path == folder(ledger) + "/b.db")
        #expect(meanwhile > 0, "writers wait for the backup")
        let copy = try RawDatabase(report.path)
        let ids = Set(try copy.rows("SELECT lower(hex(id)) FROM project").map { $0[0] })
        #expect(Int64(ids.count) == report.projects)
        for id in before { #expect(ids.contains(id.description.filter { $0 != "-" })) }
        #expect(try copy.rows("SELECT max(seq) FROM event") == [["\(report.lastSeq)"]])
        #expect(try copy.rows("PRAGMA journal_mode") == [["delete"]])
        copy.close()
        let audit = try sqlite3Command(report.path, script: auditScript())
        #expect(audit.status == 0 && audit.output.isEmpty, "\(audit.output)")

        #expect(try ledger.folder.mode(folder(ledger)) == 0o700)
        #expect(try ledger.folder.mode(report.path) == 0o600)
        #expect(report.bytes == Int64(try ledger.folder.read(report.path).count))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder(ledger)) == ["b.db"])
        #expect(try await ledger.findings() == [])
        await ledger.close()
        #expect(ledger.fatalErrors.isEmpty)
    }

    @Test("never checkpoints, and the WAL is emptied as before when it is done")
    func leavesTheLogAlone() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(5, to: "ann")
        let log = try ledger.folder.read(ledger.folder.writeAheadLog)
        let database = try ledger.folder.read(ledger.folder.database)
        _ = try await ledger.call(Backup(path: "b.db"))
        #expect(try ledger.folder.read(ledger.folder.writeAheadLog) == log)
        #expect(try ledger.folder.read(ledger.folder.database) == database)
        await ledger.close()
        #expect(try ledger.folder.read(ledger.folder.writeAheadLog).isEmpty, "nothing is in the way of a clean stop")
        #expect(ledger.fatalErrors.isEmpty)
    }

    @Test("the WAL that grew under a held snapshot is taken in afterwards, and begins anew")
    func logAfterwards() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(1_000_000, to: "ann")
        let reader = try Database(path: ledger.folder.database, mode: .reader)
        try reader.execute("BEGIN; SELECT count(*) FROM project")
        try await fill(ledger, projects: 3000)
        func size() throws -> Int { try ledger.folder.read(ledger.folder.writeAheadLog).count }
        let grown = try size()
        #expect(grown > 2 * Int(LogKeeper.checkpointFrames) * 4096)
        try reader.execute("COMMIT")
        // Enough for the next checkpoint, and far more than the file would then hold behind what is in it.
        try await fill(ledger, projects: 3600)
        #expect(try size() < grown + 2 * Int(LogKeeper.checkpointFrames) * 4096)
        #expect(try await ledger.findings() == [])
        await ledger.close()
        #expect(ledger.fatalErrors.isEmpty)
    }

    @Test("two at once: one is made, the other is told to wait")
    func oneAtATime() async throws {
        let ledger = try LedgerHarness()
        try await fill(ledger, projects: 1000)
        async let first = ledger.error(Backup(path: "1.db"))
        async let second = ledger.error(Backup(path: "2.db"))
        let errors = await [first, second].compactMap(\.self)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder(ledger))
        #expect(files.count == 2 - errors.count)
        for error in errors {
            #expect(error.kind == .backupFailed)
            #expect(error.text("reason")?.contains("wait for it") == true)
        }
        await ledger.close()
    }

    @Test("is abandoned when the daemon stops, and nothing is left of it")
    func stop() async throws {
        let ledger = try LedgerHarness()
        try await fill(ledger, projects: 3000)
        let made = Task { await ledger.error(Backup(path: "b.db")) }
        // Whatever it has got to by now.
        while !ledger.folder.exists(folder(ledger)) { await Task.yield() }
        await ledger.close()
        let error = await made.value
        let files = try FileManager.default.contentsOfDirectory(atPath: folder(ledger))
        if let error {
            #expect(error.text("reason") == "the daemon is stopping")
            #expect(files.isEmpty)
        } else {
            #expect(files == ["b.db"])
        }
        #expect(try ledger.folder.read(ledger.folder.writeAheadLog).isEmpty)
        #expect(ledger.fatalErrors.isEmpty)
    }

    @Test("what a killed daemon left is removed by the next one, and nobody else's file")
    func leftovers() async throws {
        let ledger = try LedgerHarness()
        _ = try await ledger.call(Backup(path: "a.db"))
        let others = [".lifecycle-notes", ".hidden", "x.partial"]
        for name in others + [".lifecycle-3x.partial", ".lifecycle-3x.partial-wal", ".lifecycle-4y.partial-journal"] {
            try ledger.folder.write([1, 2, 3], to: "\(folder(ledger))/\(name)")
        }
        // Of another daemon that shares the folder and is at work.
        let busy = open("\(folder(ledger))/.lifecycle-busy.partial", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(busy) }
        #expect(flock(busy, LOCK_EX | LOCK_NB) == 0)
        _ = try await ledger.call(Backup(path: "b.db"))
        #expect(
            try Set(FileManager.default.contentsOfDirectory(atPath: folder(ledger)))
                == Set(others + [".lifecycle-busy.partial", "a.db", "b.db"]))
        await ledger.close()
    }

    @Test("an index that does not have what its table has gives no backup, and the reason names it")
    func tornIndex() async throws {
        let fixture = try await LedgerFixture()
        let ledger = fixture.ledger
        try await ledger.offline { try $0.execute(AuditTests.tornIndex) }
        let error = try #require(await ledger.error(Backup(path: "b.db")))
        let reason = error.text("reason") ?? ""
        #expect(reason.contains("damaged") && reason.contains("projectByKey"), "\(error)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder(ledger)) == [])
        await ledger.close()
    }

    @Test("a damaged ledger gives no backup, and the reason names the damage")
    func damaged() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(5, to: "ann")
        try await ledger.offline {
            try $0.execute("PRAGMA ignore_check_constraints = 1; UPDATE account SET available = 4")
        }
        let error = try #require(await ledger.error(Backup(path: "b.db")))
        #expect(error.kind == .backupFailed)
        #expect(
            error.text("reason")?.contains("ann") == true || error.text("reason")?.contains("account") == true,
            "\(error)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder(ledger)) == [])
        await ledger.close()
    }
}
