import Foundation
import TestSupport
import Testing

/// What a container sees into which nothing but the database's file is mounted.
private final class MountedFile: @unchecked Sendable {
    // Used by one task.
    let path: String
    private let folder: ScratchFolder

    static let isAvailable: Bool = {
        guard Machine.isRoot, let folder = try? ScratchFolder() else { return false }
        _ = FileManager.default.createFile(atPath: folder.file("a"), contents: nil)
        return (try? MountedFile(folder.file("a"))) != nil
    }()

    init(_ file: String) throws {
        folder = try ScratchFolder()
        path = folder.file("mounted.db")
        _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        let run = try ChildProcess.run("mount", ["--bind", file, path])
        guard run.code == 0 else { throw TestFailure(run.errors) }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }
}

@Suite("A database under a second name", .enabled(if: MountedFile.isAvailable, "needs root and mount"))
struct SecondNameTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test("a second daemon is kept out through a bind mount of the file, and told why, and gets in afterwards")
    func daemonThroughMount() throws {
        let first = try TestDaemon()
        _ = try first.call("grantCredits", ["userId": "ada", "credits": 10, "reason": "r"])
        let mounted = try MountedFile(first.database)
        let second = try SpawnedDaemon(database: mounted.path, socket: folder.file("t"))
        let (code, sentence) = try second.refusal()
        #expect(code == 75)
        #expect(sentence.contains("under another name") && sentence.contains(mounted.path), "\(sentence)")
        let granted = try first.call("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"])
        #expect(granted.int("balance.available") == 11)
        #expect(first.stop() == 0)

        let third = try SpawnedDaemon(database: mounted.path, socket: folder.file("t")).waitUntilServing()
        #expect(try third.call("getBalance", ["userId": "ada"]).int("available") == 11)
        // And the other way round.
        let (secondCode, _) = try refusal(of: first, launch: true)
        #expect(secondCode == 75)
        #expect(third.stop() == 0)
        try first.start()
        #expect(try first.call("audit").bool("ok") == true)
        #expect(first.stop() == 0)
    }

    @Test("a daemon that was killed holds nothing")
    func killed() throws {
        let first = try TestDaemon()
        _ = try first.call("grantCredits", ["userId": "ada", "credits": 10, "reason": "r"])
        first.kill()
        try first.start()
        #expect(try first.call("getBalance", ["userId": "ada"]).int("available") == 10)
        #expect(first.stop() == 0)
    }

    @Test("import, restore and sweep are kept out as well")
    func offlineThroughMount() throws {
        let first = try TestDaemon()
        _ = try first.call("grantCredits", ["userId": "ada", "credits": 10, "reason": "r"])
        #expect(try first.call("backup", ["path": "b.db"]).error == nil)
        let mounted = try MountedFile(first.database)
        let users = folder.file("users.csv")
        try Data("userId,credits\neve,5\n".utf8).write(to: URL(fileURLWithPath: users))
        let backup = first.folder + "/backups/b.db"
        let importing = try Command(["import", "users", users, "--database", mounted.path])
        #expect(importing.code == 75, "\(importing.errors)")
        #expect(importing.errors.contains("under another name"), "\(importing.errors)")
        let restoring = try ChildProcess.run(TestDaemon.binary, ["--restore", backup, "--database", mounted.path])
        #expect(restoring.code == 75, "\(restoring.errors)")
        #expect(restoring.errors.contains("under another name"), "\(restoring.errors)")
        let sweep = try ChildProcess.run(TestDaemon.binary, ["--sweep", "--database", mounted.path])
        #expect((sweep.output + sweep.errors).contains("another lifecycled has the database"), "\(sweep)")
        #expect(try first.call("listProjects", ["limit": 1]).error == nil)
        #expect(try first.call("getBalance", ["userId": "ada"]).int("available") == 10)
        #expect(try first.call("audit").bool("ok") == true)
        #expect(first.stop() == 0)
    }
}
