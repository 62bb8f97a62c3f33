import Foundation
import TestSupport
import Testing

@Suite("lifecyclectl: backup and restore")
struct CommandBackupTests {
    @Test("backup tells what it made; without a name it takes the time")
    func backup() throws {
        let daemon = try TestDaemon()
        _ = try daemon.output("create", "ada", "0")
        let output = try daemon.output("backup", "b.db")
        #expect(output.contains("path        \(daemon.folder)/backups/b.db\n"), "\(output)")
        #expect(output.contains("projects    1\n") && output.contains("last event  1\n") && output.contains(" KiB\n"))
        let again = try daemon.command("backup", "b.db")
        #expect(again.code == 1 && again.errors.contains("exists") && again.errors.contains("(backupFailed)"))
        _ = try daemon.output("backup")
        let json = try daemon.output("backup", "c.db", "--json")
        #expect(json.hasPrefix(#"{"path":""#) && json.contains(#""projects":1,"lastSeq":1}"#))
        let names = try FileManager.default.contentsOfDirectory(atPath: daemon.folder + "/backups")
        #expect(names.contains { $0.wholeMatch(of: /lifecycle-\d{8}T\d{6}Z\.db/) != nil }, "\(names)")
    }

    @Test("restore runs the daemon's own binary, and its exit code is the command's")
    func restore() throws {
        let daemon = try TestDaemon()
        _ = try daemon.output("grant", "ada", "5", "--reason", "r")
        _ = try daemon.output("backup", "b.db")
        _ = try daemon.output("grant", "ada", "5", "--reason", "r")
        let restore = ["restore", daemon.folder + "/backups/b.db", "--database", daemon.database, "--yes"]
        let refused = try Command(restore)
        #expect(refused.code == 75 && refused.errors.contains("lifecycled.socket"), "\(refused.errors)")
        #expect(daemon.stop() == 0)
        let run = try Command(restore)
        #expect(run.code == 0 && run.output.contains("is restored from"), "\(run.errors)")
        try daemon.start()
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 5)
    }

    @Test("restore asks on a terminal, and does nothing without a yes")
    func asks() throws {
        let run = try PseudoTerminal(
            columns: 200, ["restore", "/nowhere/b.db", "--database", "/nowhere/l.db"], socket: "", input: "n\n")
        #expect(run.code == 1)
        #expect(run.screen.contains("Restore? [y/N]") && run.screen.contains("Nothing was done"), "\(run.screen)")
        for (environment, database) in [
            ([:], "/var/lib/lifecycle/lifecycle.db"), (["LIFECYCLED_DATABASE": "/nowhere/v.db"], "/nowhere/v.db"),
        ] {
            let run = try PseudoTerminal(
                columns: 200, ["restore", "/nowhere/b.db"], socket: "", environment: environment, input: "n\n")
            #expect(run.screen.contains("\(database) will be replaced by /nowhere/b.db"), "\(run.screen)")
        }
    }
}
