import Foundation
import TestSupport
import Testing

@Suite("What the daemon may not write to")
struct ReadOnlyTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test(
        "a read-only file or folder is refused in one sentence", .enabled(if: Machine.canDropRoot),
        arguments: ["file", "folder"])
    func refused(what: String) throws {
        let wrapper = Machine.isRoot ? ["setpriv"] + Machine.asNobody : []
        let state = folder.file("state")
        let database = state + "/l.db"
        let socket = folder.file("run/s")
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: false)
        try FileManager.default.createDirectory(atPath: folder.file("run"), withIntermediateDirectories: false)
        chmod(folder.path, 0o755)
        for path in [state, folder.file("run")] {
            chmod(path, 0o700)
            if Machine.isRoot { chown(path, Machine.nobody, Machine.nobody) }
        }
        let target: String
        if what == "file" {
            let daemon = try SpawnedDaemon(database: database, socket: socket, wrapper: wrapper).waitUntilServing()
            #expect(daemon.stop() == 0)
            target = database
            chmod(database, 0o400)
        } else {
            target = state
            chmod(state, 0o500)
        }
        defer { chmod(state, 0o700) }
        let (code, sentence) = try SpawnedDaemon(database: database, socket: socket, wrapper: wrapper).refusal()
        #expect(code == 73)
        #expect(sentence.contains(target), "\(sentence)")
        #expect(!FileManager.default.fileExists(atPath: socket))
    }

    @Test(
        "a file system that turns read-only stops the daemon with 74; what was answered is there afterwards",
        .enabled(if: SmallDisk.isBreakable))
    func turnsReadOnly() throws {
        let disk = try SmallDisk(.ext4, megabytes: 64)
        let daemon = try SpawnedDaemon(database: disk.file("l.db"), socket: folder.file("s")).waitUntilServing()
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        let answered = try connection.call("createProject", ["userId": "ada", "credits": 40, "idempotencyKey": "1"])
        #expect(answered.int("balance.available") == 60)
        try disk.turnReadOnly()

        let failed = try connection.call("createProject", ["userId": "ada", "credits": 5, "idempotencyKey": "2"])
        #expect([1008, 1010].contains(failed.code), "\(failed.line)")
        #expect(failed.data?["retryable"] as? Bool == true)
        let (code, sentence) = try daemon.refusal()
        #expect(code == 74)
        #expect(sentence.contains(disk.file("l.db")), "\(sentence)")

        let refused = try SpawnedDaemon(database: disk.file("l.db"), socket: folder.file("s")).refusal()
        #expect(refused.code == 73)
        #expect(refused.sentence.contains("Read-only file system"), "\(refused.sentence)")
    }
}
