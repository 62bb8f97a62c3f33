import Foundation
import LifecycleCore
import TestSupport
import Testing

@testable import LifecycleRPC
@testable import LifecycleSQLite

@Suite("State directory")
struct StateDirectoryTests {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func refusal(_ path: String? = nil) throws -> StorageError {
        try #require(throws: StorageError.self) { try StateDirectory(databasePath: path ?? folder.database) }
    }

    @Test("the last folder is created for its owner alone")
    func createsLastFolder() throws {
        let state = try StateDirectory(databasePath: folder.path + "/new/ledger.db")
        #expect(state.databasePath == folder.path + "/new/ledger.db")
        #expect(try folder.mode(folder.path + "/new") == 0o700)
        #expect(try folder.mode(folder.path + "/new/ledger.db.lock") == 0o600)
        try state.sync()
    }

    @Test("a folder whose parent is missing is not created")
    func missingParent() throws {
        #expect(try refusal(folder.path + "/a/b/ledger.db").kind == .cannotOpen)
        #expect(!folder.exists(folder.path + "/a"))
    }

    @Test("a linked folder is resolved, and the lock is in the real one")
    func linkedFolder() throws {
        try folder.link(folder.path + "/link", to: folder.path)
        let state = try StateDirectory(databasePath: folder.path + "/link/ledger.db")
        #expect(state.databasePath == folder.database)
        #expect(folder.exists(folder.lock))
    }

    @Test("a folder that others may write to is refused with the chmod that helps", arguments: [0o770, 0o702, 0o777])
    func folderMode(mode: mode_t) throws {
        #expect(chmod(folder.path, mode) == 0)
        let error = try refusal()
        #expect(error.kind == .cannotOpen)
        #expect(error.message.contains("chmod 0700 \(folder.path)"))
        #expect(!folder.exists(folder.lock))
    }

    @Test("a folder that others need as it is gets no chmod advised, but one of its own", arguments: [0o1777, 0o2770])
    func sharedFolder(mode: mode_t) throws {
        #expect(chmod(folder.path, mode) == 0)
        let message = try refusal().message
        #expect(message.contains("mkdir -m 700 \(folder.path)/lifecycle"), "\(message)")
        #expect(!message.contains("chmod"), "\(message)")
    }

    @Test(
        "a chmod is advised only for the user's own folder without a sticky bit",
        arguments: [
            (0, 0, 0o777, "run chmod 0700 '/a b'"), (0, 0, 0o1777, "mkdir -m 700 '/a b/lifecycle'"),
            (7, 0, 0o1777, "mkdir -m 700 '/a b/lifecycle'"), (0, 7, 0o777, "belongs to uid 0"),
            (0, 7, 0o2775, "belongs to uid 0"), (7, 7, 0o2775, "mkdir -m 700 '/a b/lifecycle'"),
        ] as [(uid_t, uid_t, mode_t, String)])
    func advice(_ user: uid_t, _ owner: uid_t, _ mode: mode_t, _ words: String) {
        var status = stat()
        status.st_uid = owner
        status.st_mode = S_IFDIR | mode
        let advice = FolderAdvice.closing("/a b", status, user: user)
        #expect(advice.contains(words), "\(advice)")
        #expect(advice.contains("chmod") == words.contains("chmod"), "\(advice)")
        guard user != owner else { return }
        let other = FolderAdvice.owning("/a b", status, user: user)
        #expect(other.contains(mode & S_ISVTX != 0 ? "mkdir -m 700 '/a b/lifecycle'" : "belongs to uid \(user)"))
        #expect(!other.contains("chmod") && !other.contains("chown"))
    }

    @Test("a folder that others may read is accepted")
    func readableFolder() throws {
        #expect(chmod(folder.path, 0o755) == 0)
        _ = try StateDirectory(databasePath: folder.database)
    }

    @Test("a database that others may write to is refused")
    func fileMode() throws {
        try folder.write([1], to: folder.database)
        #expect(chmod(folder.database, 0o666) == 0)
        #expect(try refusal().message.contains("chmod 0600 \(folder.database)"))
    }

    @Test("a database that is a symbolic link is refused")
    func linkedDatabase() throws {
        try folder.write([1], to: folder.path + "/real.db")
        try folder.link(folder.database, to: folder.path + "/real.db")
        #expect(try refusal().message.contains("symbolic link"))
    }

    @Test("a lock file that is a symbolic link is refused and its target left alone")
    func linkedLock() throws {
        try folder.write([1], to: folder.path + "/other")
        try folder.link(folder.lock, to: folder.path + "/other")
        #expect(try refusal().kind == .cannotOpen)
        #expect(try folder.read(folder.path + "/other") == [1])
    }

    @Test("a folder or a pipe in the database's place is refused", arguments: [true, false])
    func notAFile(isFolder: Bool) throws {
        #expect((isFolder ? mkdir(folder.database, 0o700) : mkfifo(folder.database, 0o600)) == 0)
        #expect(try refusal().message.contains("not a regular file"))
    }

    @Test("a path without a file name is refused", arguments: ["", "/", "/tmp/", "/tmp/.", "..", "/tmp/a\0b"])
    func noName(path: String) throws {
        #expect(try refusal(path).kind == .cannotOpen)
    }

    // MARK: Lock

    @Test("a second daemon is refused and told who holds the lock")
    func secondDaemon() throws {
        let state = try StateDirectory(databasePath: folder.database)
        let error = try refusal()
        #expect(error.kind == .locked)
        #expect(error.message.contains("(pid \(getpid()))"))
        withExtendedLifetime(state) {}
    }

    @Test("the lock holds against another process, and goes with the object")
    func otherProcessIsRefused() throws {
        var state: StateDirectory? = try StateDirectory(databasePath: folder.database)
        #expect(state != nil)
        #expect(try tryLock() == 1)
        state = nil
        #expect(try tryLock() == 0)
    }

    private func tryLock() throws -> Int32 {
        let environment = ChildProcess.inheritedEnvironment
        return try ChildProcess.run("flock", ["-n", folder.lock, "true"], environment: environment).code
    }

    @Test("another process that holds the lock keeps us out, until it ends")
    func otherProcessHolds() throws {
        let output = try ScratchFile()
        // One process, which holds the lock for as long as it lives.
        let holder = try ChildProcess(
            "flock", ["--no-fork", folder.lock, "sh", "-c", "echo locked; exec sleep 600"],
            environment: ChildProcess.inheritedEnvironment, standardError: output.descriptor)
        try waitFor("the lock") {
            guard holder.isRunning else { throw TestFailure("flock ended: \(output.text)") }
            return output.text == "locked\n"
        }
        #expect(try refusal().kind == .locked)

        holder.kill()
        _ = try StateDirectory(databasePath: folder.database)
    }

    // MARK: Lost database

    @Test("a missing database is new until it was marked as created, and then an error", arguments: [false, true])
    func missingDatabase(wasCreated: Bool) throws {
        do {
            let state = try StateDirectory(databasePath: folder.database)
            if wasCreated {
                try state.markCreated()
                try state.markCreated()
            }
        }
        guard wasCreated else {
            _ = try StateDirectory(databasePath: folder.database)
            return
        }
        #expect(try String(decoding: folder.read(folder.lock), as: UTF8.self) == "created\npid \(getpid())\n")
        for _ in 1...2 {
            let error = try refusal()
            #expect(error.kind == .moved)
            #expect(error.message.contains("remove \(folder.lock) and \(folder.writeAheadLog)"))
        }
        try folder.write([], to: folder.database)
        #expect(try refusal().kind == .moved)
        try folder.remove(folder.lock)
        _ = try StateDirectory(databasePath: folder.database)
    }

    @Test("a missing or empty database beside a WAL with commits is an error", arguments: [true, false])
    func walWithoutDatabase(isEmpty: Bool) throws {
        try folder.write([1, 2, 3], to: folder.writeAheadLog)
        if isEmpty { try folder.write([], to: folder.database) }
        #expect(try refusal().kind == .moved)
        #expect(try folder.read(folder.writeAheadLog) == [1, 2, 3])
    }

    @Test("a database made by SQLite is never empty on disk once it can be marked as created")
    func createdDatabaseIsNotEmpty() throws {
        let state = try StateDirectory(databasePath: folder.database)
        let writer = try Database(path: state.databasePath, mode: .writer)
        try Migrator.run([(1, "CREATE TABLE t(x)")], on: writer)
        try state.markCreated()
        #expect(try !folder.read(folder.database).isEmpty)
    }
}
