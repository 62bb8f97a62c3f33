import Foundation
import LifecycleCore
import TestSupport
import Testing

@testable import LifecycleRPC
@testable import LifecycleSQLite

@Suite("The keeper of the log", .enabled(if: SmallDisk.isAvailable, "needs root and mount"))
struct LogKeeperTests {
    let disk: SmallDisk
    let database: Database
    let ballast: Ballast
    let keeper: LogKeeper

    init() throws {
        disk = try SmallDisk(.memory, megabytes: 64)
        let path = disk.file("ledger.db")
        database = try Database(path: path, mode: .writer)
        ballast = try Ballast(databasePath: path)
        keeper = try LogKeeper(database, ballast)
        try database.execute("CREATE TABLE t(b BLOB) STRICT")
        try keeper.empty()
    }

    private func size(_ ending: String) throws -> Int64 { try #require(DiskSpace.size(of: database.path + ending)) }

    private func insert(megabytes: Int, isCharge: Bool = true) throws {
        for _ in 0..<(megabytes * 16) {
            try database.execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (zeroblob(65000))")
            do throws(StorageError) {
                try keeper.prepareCommit(isCharge: isCharge)
            } catch {
                try database.execute("ROLLBACK")
                throw error
            }
            try database.execute("COMMIT")
            keeper.committed()
        }
    }

    @Test("a long log is cut off once it is copied, and the ballast is as before")
    func cutOff() throws {
        try keeper.keepBallast()
        #expect(ballast.bytes == Int64(Ballast.size))
        try disk.resize(megabytes: 200)
        try insert(megabytes: 36)
        #expect(try size("-wal") > LogRoom.longLog)
        #expect(ballast.bytes > Int64(Ballast.size))
        try keeper.checkpoint()
        #expect(try size("-wal") == 0)
        #expect(ballast.bytes == Int64(Ballast.size))
        #expect(try size(".ballast") == ballast.bytes)
    }

    @Test("a checkpoint that cannot end is not begun: it takes nothing of what refunds need, and waits for space")
    func notBegun() throws {
        try database.execute("BEGIN; CREATE TABLE u(b BLOB) STRICT")
        for _ in 0..<320 { try database.execute("INSERT INTO u VALUES (zeroblob(65000))") }
        try database.execute("COMMIT")
        try disk.fill(leaving: 10)
        let before = try size("")
        #expect(throws: StorageError.self) { try keeper.empty() }
        try keeper.checkpoint()
        #expect(try size("") == before)
        #expect(try #require(DiskSpace.free(at: database.path)) >= 10 * LogRoom.mebi)
        #expect(keeper.awaitsCheckpoint)
        // It may go on in what there is: nothing that is kept back would open a way out.
        try insert(megabytes: 1, isCharge: false)
        #expect(throws: StorageError.self) { try insert(megabytes: 1) }

        disk.free()
        try keeper.empty()
        #expect(try size("-wal") == 0)
        #expect(!keeper.awaitsCheckpoint)
    }

    @Test("what the ballast has is given for the copy, and only as much as that takes")
    func fromTheBallast() throws {
        try keeper.keepBallast()
        try insert(megabytes: 12)
        try disk.fill()
        keeper.enterFullDisk()
        #expect(ballast.bytes < Int64(Ballast.size) && ballast.bytes >= keeper.room.growth)
        try disk.fill(leaving: 0, name: "second")
        try keeper.checkpoint()
        #expect(try size("") > 12 * LogRoom.mebi)
        #expect(database.walFrames == 0)
        #expect(keeper.room.growth == 0)
    }

    @Test("a log that is not long is cut off, too, when its space is what new charges wait for")
    func cutOffWhenFull() throws {
        try disk.resize(megabytes: 48)
        try keeper.keepBallast()
        // A reader that is there from the begin would do the same: nothing is copied.
        #expect(throws: StorageError.self) { try insert(megabytes: 40) }
        keeper.enterFullDisk()
        try insert(megabytes: 2, isCharge: false)
        #expect(try size("-wal") < LogRoom.longLog)
        try keeper.checkpoint()
        #expect(!keeper.isDiskFull)
        #expect(ballast.bytes == Int64(Ballast.size))
        #expect(try size("-wal") == 0)
    }

    @Test("work without a daemon is refused before its commit when it could not be copied after it")
    func offline() throws {
        try database.close()
        // Room for the log, and not for the copy as well.
        for megabytes in stride(from: 2, through: 44, by: 6) {
            try disk.fill(leaving: megabytes)
            var isCommitted = false
            do {
                let ledger = try OfflineLedger(path: disk.file("\(megabytes).db"))
                try ledger.begin()
                let context = CallContext(now: systemClock(), caller: .tester, limits: Limits(), metrics: NoMetrics())
                for _ in 0..<1000 {
                    let note = String(repeating: "x", count: 15_000)
                    var request = CreateProject(userId: "ann", credits: 0)
                    request.metadata = try Metadata(json: #"{"n":"\#(note)"}"#)
                    _ = try request.run(in: ledger.transaction, context)
                }
                try ledger.commit()
                isCommitted = true
                try ledger.close()
            } catch {
                #expect(!isCommitted, "\(megabytes): \(error)")
            }
            #expect(isCommitted || megabytes < 44)
            disk.free()
            let again = try OfflineLedger(path: disk.file("\(megabytes).db"))
            let projects = try again.transaction.projects(ProjectFilter(), after: nil, limit: 2000)
            #expect(projects.count == (isCommitted ? 1000 : 0))
            try again.close()
            for ending in ["", "-wal", "-shm", ".lock", ".ballast"] { unlink(disk.file("\(megabytes).db") + ending) }
        }
    }
}

@Suite("A reader that holds the log", .ledgers)
struct HeldLogReportTests {
    @Test("is told after a minute, and when it has gone; the log is given back though nobody asks for anything")
    func alarm() async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(1_000_000, to: "ann")
        let reader = try Database(path: ledger.folder.database, mode: .reader)
        try reader.execute("BEGIN; SELECT count(*) FROM project")
        let note = String(repeating: "x", count: 12_000)
        let call = Call("createProject", #"{"userId":"ann","credits":1,"metadata":{"note":"\#(note)"}}"#)
        for _ in 0..<15 {
            for result in await ledger.results(of: Array(repeating: call, count: 200)) { _ = try result.get() }
        }
        func size() throws -> Int { try ledger.folder.read(ledger.folder.writeAheadLog).count }
        #expect(try Int64(size()) > LogRoom.longLog)
        func alarms() -> [LogReport.Alarm] { ledger.reportsOfLog.compactMap(\.alarm) }
        func heldFor() -> Int64 { ledger.reportsOfLog.last?.heldFor ?? 0 }
        // A second at a time: the writer may be about to ask for the next ring when it has answered that it is idle.
        for _ in 0..<100 where heldFor() < 60_000 { try await ledger.sleep(milliseconds: 1000) }
        #expect(heldFor() >= 60_000)
        guard case .raised = alarms().last else { return #expect(Bool(false), "\(alarms())") }
        try reader.execute("COMMIT")
        for _ in 0..<100 where alarms().last != .cleared { try await ledger.sleep(milliseconds: 1000) }
        #expect(alarms().last == .cleared)
        #expect(heldFor() == 0)
        #expect(try size() == 0)
        await ledger.close()
        #expect(ledger.fatalErrors.isEmpty)
    }
}
