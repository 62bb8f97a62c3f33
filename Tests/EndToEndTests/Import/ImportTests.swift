import Foundation
import TestSupport
import Testing

@Suite("lifecyclectl import")
struct ImportTests {
    private static let columns = "id,userId,status,creditsUsed,errorMessage,createdAt,updatedAt\n"
    private static let table =
        columns + """
            old-1,ada,processing,40,,2025-06-01 12:00:00.123,2025-06-01 12:30:00.456
            old-2,ada,completed,10,,2025-06-02 12:00:00,2025-06-02 12:30:00
            old-3,bea,failed,5,"no, GPU",2025-06-03 12:00:00,2025-06-03 12:30:00
            old-4,bea,pending,7,,2025-06-04 12:00:00,2025-06-04 12:00:00

            """

    private let folder: String
    private var database: String { folder + "/l.db" }

    init() throws { folder = try ScratchFolder.make() }

    private func write(_ text: String) throws -> String {
        try text.write(toFile: folder + "/import.csv", atomically: true, encoding: .utf8)
        return folder + "/import.csv"
    }

    private func run(_ table: String, _ text: String, _ further: [String] = []) throws -> Command {
        try Command(["import", table, write(text), "--database", database] + further)
    }

    @Test("brings balances and projects in, and the daemon gives the dead ones' credits back at its start")
    func story() throws {
        let users = try run("users", "userId,credits,email\nada,60,a@b\nbea,1,c@d\n", ["--create"])
        #expect(users.code == 0 && users.errors.isEmpty, "\(users.errors)")
        #expect(
            users.output == """
                database   \(database), which was created
                rows       2
                new users  2
                credits    61 granted
                ignored    columns email
                audit      clean

                """)
        let dry = try run("projects", Self.table, ["--dry-run"])
        #expect(dry.code == 0 && dry.output.hasSuffix("Dry run: nothing was kept.\n"))
        let projects = try run("projects", Self.table)
        #expect(projects.code == 0 && projects.errors.isEmpty, "\(projects.errors)")
        #expect(dry.output == projects.output + "Dry run: nothing was kept.\n")
        #expect(
            projects.output == """
                database    \(database)
                rows        4
                new users   0
                pending     1
                processing  1
                completed   1, their 10 credits spent
                failed      1, their 5 credits refunded
                unfinished  47 credits held, refunded by 2025-06-04T13:00:00.000Z unless a pipeline reports
                overdue     2 projects, 47 credits: failed and refunded when the daemon starts, or one lease \
                (600 s) later if only the lease ran out
                audit       clean

                """)
        let daemon = try TestDaemon(folder: folder)
        let first = try daemon.call("getStatus", ["externalId": "old-1"])
        #expect(first.string("project.status") == "failed")
        #expect(first.string("project.errorCode") == "runtimeExceeded")
        #expect(first.string("project.createdAt") == "2025-06-01T12:00:00.123Z")
        #expect(try daemon.call("getStatus", ["externalId": "old-3"]).string("project.errorMessage") == "no, GPU")
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 100)
        #expect(try daemon.call("getBalance", ["userId": "bea"]).int("available") == 13)
        #expect(try daemon.call("audit").bool("ok") == true)

        let beside = try run("users", "userId,credits\ncid,1\n")
        #expect(beside.code == 75)
        #expect(beside.errors.contains("systemctl stop lifecycled.socket lifecycled.service"), "\(beside.errors)")
        #expect(daemon.stop() == 0)

        let again = try run("projects", Self.table, ["--json"])
        let summary = try Reply(again.output).object
        #expect(again.code == 0 && summary["alreadyImported"] as? Int == 4 && summary["written"] as? Int == 0)
    }

    @Test("tells every wrong row by line and field, and its exit code is 65")
    func wrongRows() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var text = "userId,credits\n"
        for number in 1...60 { text += "user\(number),none\n" }
        let run = try run("users", text, ["--create"])
        #expect(run.code == 65 && run.output.isEmpty)
        let lines = run.errors.split(separator: "\n").map(String.init)
        #expect(lines.count == 52)
        let path = folder + "/import.csv"
        #expect(lines[0] == "\(path):2: credits: must be a whole number from 0 to 9007199254740991, not \"none\"")
        #expect(lines[50] == "… and 10 more")
        #expect(lines[51] == "lifecycled: 60 errors in \(path); nothing was imported")
    }

    @Test("where there is no database, none is made unless that is asked for", arguments: ["", "new/", "new/deep/"])
    func absent(_ below: String) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try write("userId,credits\nada,1\n")
        let path = "\(folder)/\(below)l.db"
        for further in [[], ["--dry-run"], ["--json"]] {
            let run = try Command(["import", "users", file, "--database", path] + further)
            #expect(run.code == 73 && run.output.isEmpty)
            for word in ["no database \(path)", "--create", "/var/lib/lifecycle/lifecycle.db", "nothing was imported"] {
                #expect(run.errors.contains(word), "\(run.errors)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["import.csv"])
        }
        let dry = try Command(["import", "users", file, "--database", path, "--dry-run", "--create"])
        #expect(dry.output.hasPrefix("database   \(path), which would be created\n"), "\(dry)")
    }

    @Test("an empty file in its place is no database either, and one that was lost is no new one")
    func emptyOrLost() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data().write(to: URL(fileURLWithPath: database))
        chmod(database, 0o600)
        let text = "userId,credits\nada,1\n"
        #expect(try run("users", text).code == 73)
        #expect(try run("users", text, ["--create"]).code == 0)
        try FileManager.default.removeItem(atPath: database)
        for further in [[], ["--create"], ["--create", "--dry-run"]] {
            let run = try run("users", text, further)
            #expect(run.code == 73 && run.errors.contains("is gone: restore a backup"), "\(run)")
        }
    }

    @Test(
        "without a path it takes the package's database, and with a variable that one",
        .enabled(if: !FileManager.default.fileExists(atPath: "/var/lib/lifecycle/lifecycle.db")))
    func packaged() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try write("userId,credits\nada,1\n")
        var run = try Command(["import", "users", file, "--dry-run"])
        #expect(run.code == 73)
        #expect(
            run.errors == """
                lifecycled: there is no database /var/lib/lifecycle/lifecycle.db: start the daemon once, which makes it, \
                or give --create; nothing was imported

                """)
        let direct = try ChildProcess.run(TestDaemon.binary, ["--import", "users", "--dry-run", file])
        #expect(direct.code == 73 && direct.errors == run.errors)
        run = try Command(["import", "users", file], environment: ["LIFECYCLED_DATABASE": folder + "/none.db"])
        #expect(run.code == 73 && run.errors.contains("no database \(folder)/none.db:"), "\(run.errors)")
        run = try Command(["import", "users", file], environment: ["STATE_DIRECTORY": folder + "/state"])
        #expect(run.code == 73 && run.errors.contains("no database \(folder)/state/lifecycle.db:"), "\(run.errors)")
        run = try Command(["import", "users", file], environment: ["LIFECYCLED_DATABASE": ""])
        #expect(run.code == 64 && run.errors.contains("--database"), "\(run.errors)")
    }

    @Test("what is no file is refused at once, whatever would come out of it", arguments: ["pipe", "folder", "device"])
    func noFile(_ kind: String) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = kind == "device" ? "/dev/zero" : folder + "/input"
        if kind == "pipe" { #expect(mkfifo(path, 0o600) == 0) }
        if kind == "folder" { #expect(mkdir(path, 0o700) == 0) }
        for table in ["users", "projects"] {
            let run = try Command(["import", table, path, "--database", database, "--create"])
            #expect(run.code == 66)
            #expect(
                run.errors == "lifecycled: \(path) is a \(kind) and not a regular file; nothing was imported\n",
                "\(run.errors)")
        }
        let backup = try ChildProcess.run(TestDaemon.binary, ["--restore", path, "--database", database, "--create"])
        #expect(backup.code == 65 && backup.errors.contains("it is a \(kind) and not a regular file"), "\(backup)")
    }

    @Test(
        "nothing of a file or of its name reaches the terminal as it is",
        arguments: [
            ("userId,credits,\u{1B}[2Jx,\u{1B}[2Jx\n", ["--create"]), ("userId,\u{9B}31m\n", ["--create"]),
            ("userId,credits\n\u{1B}]0;x\u{7},\u{1B}c\n\u{202E}eve,1\n\u{202E}eve,2\n", ["--create"]),
            ("userId,credits,\u{1B}[2J\u{9B}31m\u{202E}\nada,1,x\n", ["--create"]),
            ("userId,credits,\u{9B}31m\nada,1,x\n", ["--create", "--json"]),
        ])
    func terminal(_ text: String, _ further: [String]) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/\u{1B}[31m\u{202E}.csv"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let database = folder + "/\u{1B}[32m.db"
        for arguments in [further, further + ["--dry-run"], []] {
            let run = try PseudoTerminal(
                columns: 500, ["import", "users", path, "--database", database] + arguments, socket: "")
            #expect(!run.screen.isEmpty)
            let raw = run.screen.unicodeScalars.filter {
                $0 != "\n" && [.control, .format].contains($0.properties.generalCategory)
            }
            // The line that shows how far it is, and its removal.
            let progress = run.screen.components(separatedBy: "\r\u{1B}[K").count - 1
            #expect(raw.count == 2 * progress, "\(run.screen.debugDescription)")
        }
    }

    @Test("a second Ctrl-C ends it, whatever it waits for after the first")
    func secondSignal() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // A sweep holds this for a moment, so that the import waits for it.
        let lock = database + ".lock"
        try "created\npid 1\nbrief\n".write(toFile: lock, atomically: true, encoding: .utf8)
        chmod(lock, 0o600)
        let descriptor = open(lock, O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX) == 0)
        let file = try write("userId,credits\nada,1\n")
        let child = try ChildProcess(TestDaemon.binary, ["--import", "users", "--database", database, file])
        try waitFor("the import to want the lock") { child.openFiles.contains(lock) }
        child.send(SIGINT)
        child.send(SIGTERM)
        #expect([-SIGINT, -SIGTERM].contains(child.exitCode()))
    }

    @Test("a time of another DateStyle is said once, by what helps")
    func dateStyle() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var text = Self.columns
        for row in 0..<500 { text += "p\(row),ada,failed,1,,06/01/2025 12:00:00,06/01/2025 12:00:00\n" }
        let run = try run("projects", text + "q,ada,failed,x,,06/01/2025 12:00:00,06/01/2025 12:00:00\n", ["--create"])
        let path = folder + "/import.csv"
        #expect(run.code == 65)
        #expect(
            run.errors == """
                \(path):2: createdAt: "06/01/2025 12:00:00" has another DateStyle: export again after SET DateStyle = \
                ISO (shown once for 1002 values)
                \(path):502: creditsUsed: must be a whole number from 0 to 9007199254740991, not "x"
                lifecycled: 1003 errors in \(path); nothing was imported

                """)
    }

    @Test("a dry run without a database makes none")
    func dryRunAnew() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let run = try run("users", "userId,credits\nada,1\n", ["--dry-run", "--create"])
        #expect(run.code == 0, "\(run.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["import.csv"])
    }

    @Test(
        "what cannot be done is refused by one sentence and its exit code",
        arguments: [
            (["import", "users", "/nowhere.csv", "--database", "/tmp/none/x/l.db"], 66, "/nowhere.csv"),
            (["import", "users", "/tmp", "--database", "/tmp/none/x/l.db"], 66, "regular file"),
            (["import", "users", "/etc/hostname", "--database", ""], 64, "--database"),
            (["import", "people", "/etc/hostname"], 2, "'users' and 'projects'"),
            (["import", "users"], 2, "<file>"),
        ] as [([String], Int32, String)])
    func refused(_ arguments: [String], _ code: Int32, _ names: String) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let run = try Command(arguments)
        #expect(run.code == code, "\(run.errors)")
        #expect(run.errors.contains(names), "\(run.errors)")
    }

    @Test(
        "killed in the middle it leaves nothing, and by Ctrl-C it takes all back",
        arguments: [SIGKILL, SIGINT, SIGTERM])
    func killed(_ number: Int32) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try run("users", "userId,credits\nada,1\n", ["--create"])
        let file = folder + "/import.csv"
        try writeNumberedLines(
            200_000, format: "p%.0f,u,completed,1,,2025-06-01 12:00:00,2025-06-01 12:00:00",
            under: String(Self.columns.dropLast()), to: file)
        let errors = try ScratchFile()
        let child = try ChildProcess(
            TestDaemon.binary, ["--import", "projects", "--database", database, file],
            standardError: errors.descriptor)
        try waitFor("the import to open the database") {
            guard child.isRunning else { throw TestFailure("it ended: \(errors.text)") }
            return child.openFiles.contains(database)
        }
        // Not a wait for anything: the moment of the signal is what is random.
        usleep(UInt32.random(in: 0...500_000))
        child.send(number)
        #expect(child.exitCode() == -number)
        if number != SIGKILL { #expect(errors.text == "lifecycled: interrupted; nothing was imported\n") }
        let daemon = try TestDaemon(folder: folder)
        let list = try daemon.call("listProjects", ["includeStats": true])
        #expect(list.int("stats.total") == 0)
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 1)
        #expect(try daemon.call("audit").bool("ok") == true)
    }

    @Test("root leaves files that the database's owner can use", .enabled(if: Machine.isRoot && Machine.canDropRoot))
    func ownership() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let state = folder + "/state"
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: false)
        #expect(chown(state, 65534, 65534) == 0 && chmod(state, 0o700) == 0 && chmod(folder, 0o755) == 0)
        let file = try write("userId,credits\nada,1\n")
        let run = try Command(["import", "users", file, "--database", state + "/l.db", "--create"])
        #expect(run.code == 0, "\(run.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: state)
        #expect(names.contains("l.db"))
        for name in names {
            var status = stat()
            #expect(lstat("\(state)/\(name)", &status) == 0 && status.st_uid == 65534, "\(name)")
        }
    }
}
