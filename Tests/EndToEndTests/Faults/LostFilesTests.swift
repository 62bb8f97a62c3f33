import Foundation
import TestSupport
import Testing

@Suite("Files that disappear under a running daemon")
struct LostFilesTests {
    private let away: ScratchFolder
    private let daemon: TestDaemon
    private let connection: Connection

    init() throws {
        away = try ScratchFolder()
        daemon = try TestDaemon()
        connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        let created = try connection.call("createProject", ["userId": "ada", "credits": 40, "idempotencyKey": "1"])
        #expect(created.int("balance.available") == 60)
    }

    private let create: [String: Any] = ["userId": "ada", "credits": 5, "idempotencyKey": "2"]

    /// The write after the loss is not acknowledged, nothing after it is, and the process ends.
    private func expectFailStop(_ what: String = "deleted or replaced") throws {
        let witness = try daemon.connect()
        let failed = try connection.call("createProject", create)
        #expect(failed.code == 1010)
        #expect(failed.kind == "outcomeUnknown")
        #expect(failed.data?["retryable"] as? Bool == true)
        if let line = try? witness.call("createProject", ["userId": "ada", "credits": 1]).line {
            #expect(!line.contains(#""result""#), "nothing more is acknowledged")
        }
        let (code, sentence) = try refusal(of: daemon)
        #expect(code == 74)
        #expect(sentence.contains(daemon.database), "\(sentence)")
        #expect(sentence.contains(what), "\(sentence)")
        let claims = daemon.log.split(separator: "\n").filter { $0.contains("request refused") }
        #expect(!claims.contains { $0.contains("outcomeUnknown") }, "nobody knows that it was")
    }

    private func remove(_ suffix: String) { unlink(daemon.database + suffix) }

    @Test("a deleted database stops the daemon, which does not start again with an empty one")
    func deleted() throws {
        remove("")
        try expectFailStop()
        let (code, sentence) = try refusal(of: daemon, launch: true)
        #expect(code == 73)
        #expect(sentence.contains("is gone"), "\(sentence)")
        #expect(!FileManager.default.fileExists(atPath: daemon.database))
    }

    @Test("with its WAL gone too, a deleted database is still missed")
    func allDeleted() throws {
        for suffix in ["", "-wal", "-shm"] { remove(suffix) }
        try expectFailStop()
        #expect(try refusal(of: daemon, launch: true).code == 73)
        #expect(!FileManager.default.fileExists(atPath: daemon.database))
    }

    @Test("a database that was moved away and back again is whole, and the retry charges once")
    func movedAndBack() throws {
        try FileManager.default.moveItem(atPath: daemon.database, toPath: away.file("l.db"))
        try expectFailStop()
        try FileManager.default.moveItem(atPath: away.file("l.db"), toPath: daemon.database)
        try daemon.start()
        let connection = try daemon.connect()
        #expect(try connection.call("createProject", create).int("balance.available") == 55)
        #expect(try connection.call("listProjects", ["userId": "ada", "includeStats": true]).int("stats.total") == 2)
        #expect(try connection.call("audit").bool("ok") == true)
    }

    @Test("a replaced database stops the daemon")
    func replaced() throws {
        try FileManager.default.copyItem(atPath: daemon.database, toPath: away.file("l.db"))
        #expect(rename(away.file("l.db"), daemon.database) == 0)
        try expectFailStop()
    }

    @Test("a deleted WAL stops the daemon, and nothing that was acknowledged is lost by it")
    func walDeleted() throws {
        remove("-wal")
        try expectFailStop()
        try daemon.start()
        let connection = try daemon.connect()
        let repeated = try connection.call("createProject", ["userId": "ada", "credits": 40, "idempotencyKey": "1"])
        #expect(repeated.bool("replayed") == true, "\(repeated.line)")
        #expect(try connection.call("createProject", create).int("balance.available") == 55)
        #expect(try connection.call("audit").bool("ok") == true)
    }

    @Test("a database that was cut off stops the daemon")
    func cutOff() throws {
        #expect(truncate(daemon.database, 0) == 0)
        try expectFailStop("cut off")
        #expect(try refusal(of: daemon, launch: true).code == 73)
    }

    @Test("a deleted lock stops the daemon, as another could start beside it, and all is there when it starts again")
    func lockDeleted() throws {
        remove(".lock")
        try expectFailStop()
        try daemon.start()
        let connection = try daemon.connect()
        #expect(try connection.call("createProject", create).int("balance.available") == 55)
        #expect(try connection.call("audit").bool("ok") == true)
    }

    @Test("an index of the WAL that was cut short stops the daemon with 74 and a sentence, not by SIGBUS")
    func indexCutShort() throws {
        #expect(truncate(daemon.database + "-shm", 0) == 0)
        _ = try? connection.call("createProject", create)
        let (code, sentence) = try refusal(of: daemon)
        #expect(code == 74)
        #expect(sentence.contains("mapped file"), "\(sentence)")
        try daemon.start()
        #expect(try daemon.connect().call("createProject", create).int("balance.available") == 55)
    }

    @Test("a database deleted while nothing is written is noticed at the stop at the latest")
    func deletedThenStopped() throws {
        remove("")
        daemon.send(SIGTERM)
        let (code, sentence) = try refusal(of: daemon)
        #expect(code == 74)
        #expect(sentence.contains("deleted or replaced"), "\(sentence)")
    }

    @Test("a WAL deleted while nothing is written does no harm at an orderly stop")
    func walDeletedThenStopped() throws {
        remove("-wal")
        daemon.stop()
        try daemon.start()
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 60)
    }
}
