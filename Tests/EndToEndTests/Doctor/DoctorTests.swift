import Foundation
import TestSupport
import Testing

@Suite("lifecyclectl doctor")
struct DoctorTests {
    @Test("a daemon that is well gets one page and exit code 0")
    func well() throws {
        let daemon = try TestDaemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        _ = try daemon.call("createProject", ["userId": "ada", "credits": 40])
        let run = try daemon.command("doctor", "--audit")
        #expect(run.code == 0 && run.errors.isEmpty, "\(run.errors)")
        #expect(run.output.contains("daemon       lifecycled 0.1.0\n"))
        #expect(run.output.contains("\(daemon.socket) ("))
        #expect(run.output.contains(", the same as this command's clock\n"))
        #expect(run.output.contains("write queue  0\n") && run.output.contains("WAL          "))
        #expect(run.output.contains("last backup  none known\n"))
        #expect(run.output.contains("projects     1: 1 pending, 0 processing, 0 completed, 0 failed\n"))
        #expect(run.output.contains("\nNot started yet, oldest first: 1\nPROJECT "))
        #expect(run.output.contains("\nRefunded within the hour unless a pipeline reports\nAT  "))
        #expect(run.output.contains("not started\n1 project, 40 credits\n"))
        #expect(
            run.output.contains("\nNo faults: ") && run.output.contains(" accounts, projects and entries checked.\n"))
        #expect(run.output.hasSuffix("\nResult\nNo problems found.\n"))
    }

    @Test("what is silent, to be cancelled or not started for long needs attention, and exit code is 1")
    func stuck() throws {
        let daemon = try TestDaemon(["--lease", "20", "--start-timeout", "40"])
        _ = try daemon.call("grantCredits", ["userId": "a\u{1B}[31mda", "credits": 100, "reason": "r"])
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        _ = try daemon.call("createProject", ["userId": "ada", "credits": 1, "externalId": "w", "startTimeout": 1000])
        _ = try daemon.call("createProject", ["userId": "ada", "credits": 40, "externalId": "p", "lease": 3600])
        _ = try daemon.call("updateStatus", ["externalId": "p", "status": "processing"])
        let id = try #require(try daemon.call("getStatus", ["externalId": "p"]).string("project.projectId"))
        _ = try daemon.call("cancelProject", ["projectId": id])
        var run = try daemon.command("doctor")
        #expect(run.code == 0, "a cancel of now is no trouble: \(run.errors)")
        #expect(run.output.contains("\nAsked to stop, still processing: 1\n"))
        // The hour's list has no project of a longer lease.
        _ = try daemon.call("createProject", ["userId": "ada", "credits": 7, "externalId": "q"])
        _ = try daemon.call("updateStatus", ["externalId": "q", "status": "processing"])
        try waitFor("the lease to be nearly over") {
            run = try daemon.command("doctor")
            return run.code == 1
        }
        #expect(run.errors == "lifecyclectl: 1 problem found.\n")
        #expect(run.output.contains("! 1 project processing without a report for most of the lease.\n"))
        #expect(run.output.contains("\nNo report for most of the lease: 1\n"))
        #expect(run.output.contains("no report from its pipeline"))
    }

    @Test("--json says the same to programs, whatever peers wrote")
    func json() throws {
        let daemon = try TestDaemon()
        let user = "a\u{1B}[31m\u{202E}da".replacingOccurrences(of: "\u{1B}", with: "")
        _ = try daemon.call("grantCredits", ["userId": user, "credits": 100, "reason": "r"])
        _ = try daemon.call("createProject", ["userId": user, "credits": 40])
        let run = try daemon.command("doctor", "--json", "--audit")
        let object = try Reply(run.output).object
        #expect(run.code == 0 && object["ok"] as? Bool == true)
        #expect((object["attention"] as? [String])?.isEmpty == true)
        #expect((object["due"] as? [[String: Any]])?.first?["userId"] as? String == user)
        #expect(object["creditsDue"] as? Int == 40)
        #expect((object["daemon"] as? [String: Any])?["clockDifferenceMilliseconds"] as? Int == 0)
        #expect((object["audit"] as? [String: Any])?["ok"] as? Bool == true)
        let page = try daemon.command("doctor")
        #expect(!page.output.unicodeScalars.contains("\u{202E}"))
    }

    /// What a daemon says of itself when something is wrong.
    struct Trouble: CustomTestStringConvertible {
        /// A gauge, or `time`.
        let figure: String
        /// Of a time, in seconds beside the true one.
        let value: Double
        let sentence: String
        var testDescription: String { sentence }

        static let all = [
            Trouble(figure: "lifecycle_queued_writes", value: 1001, sentence: "1001 writes wait for the disk."),
            Trouble(figure: "lifecycle_wal_bytes", value: 300 * 1024 * 1024, sentence: "The WAL has grown to 300 MiB."),
            Trouble(
                figure: "lifecycle_wal_held_seconds", value: 75,
                sentence:
                    "The WAL had no checkpoint for 75 s: a backup or another program holds an old snapshot of the "
                    + "database, or its disk is full."),
            Trouble(
                figure: "lifecycle_charges_refused", value: 1,
                sentence: "New projects and grants are refused: the database's disk has no room for them."),
            Trouble(
                figure: "lifecycle_retention_wait_seconds", value: -1,
                sentence:
                    "Old history is not removed: the clock is more than 30 days after the newest event that is at "
                    + "least one day old. If the clock is right, removal continues one day after the next event."),
            Trouble(
                figure: "lifecycle_last_backup_timestamp_seconds", value: -3.1 * 86_400,
                sentence: "The last backup is 3 d old."),
            Trouble(figure: "time", value: 9000, sentence: "The daemon's clock is 2 h ahead of this command's clock."),
            Trouble(figure: "time", value: -9000, sentence: "The daemon's clock is 2 h behind this command's clock."),
        ]

        /// Puts it into a reply to `getMetrics`.
        func edit(_ reply: inout [String: Any]) {
            guard var result = reply["result"] as? [String: Any], var gauges = result["gauges"] as? [[String: Any]]
            else { return }
            if figure == "time" {
                let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
                result["time"] = Date(timeIntervalSinceNow: value).formatted(style)
            }
            for index in gauges.indices where gauges[index]["name"] as? String == figure {
                let isTime = figure.hasSuffix("timestamp_seconds")
                gauges[index]["value"] = isTime ? (Date().timeIntervalSince1970 + value).rounded() : value
            }
            result["gauges"] = gauges
            reply["result"] = result
        }
    }

    @Test("a long queue, a long WAL, an old backup and a clock that is wrong are each said", arguments: Trouble.all)
    func figures(_ trouble: Trouble) throws {
        let daemon = try EditedDaemon { trouble.edit(&$0) }
        let run = try Command(["doctor"], socket: daemon.socket)
        #expect(run.code == 1)
        #expect(run.output.contains("\nResult\n! \(trouble.sentence)\n"), "\(run.output)")
    }

    @Test("the last backup is said")
    func backup() throws {
        let daemon = try TestDaemon()
        #expect(try daemon.call("backup", ["path": "a.db"]).string("path") != nil)
        let run = try daemon.command("doctor")
        #expect(run.code == 0)
        #expect(run.output.contains(" s ago\n"), "\(run.output)")
    }

    @Test("without a daemon it says what it knows of the socket, and exit code is 3")
    func unreachable() throws {
        let run = try Command(["doctor"], socket: "/nowhere/s")
        #expect(run.code == 3 && run.output.isEmpty)
        #expect(run.errors.contains("socket /nowhere/s: No such file or directory"), "\(run.errors)")
    }

    @Test("a ledger that is not in order is found by --audit")
    func audit() throws {
        let daemon = try TestDaemon()
        _ = try daemon.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "r"])
        #expect(daemon.stop() == 0)
        let edit = try ChildProcess.run(
            "sqlite3", [daemon.database, "UPDATE account SET available = available + 7, granted = granted + 7"])
        #expect(edit.code == 0, "\(edit.errors)")
        try daemon.start()
        #expect(try daemon.command("doctor").code == 0)
        let run = try daemon.command("doctor", "--audit")
        #expect(run.code == 1)
        #expect(run.output.contains("\nbalance  ada "))
        #expect(run.output.contains("! The audit found 1 fault.\n"))
    }

    @Test("colours go to a terminal only")
    func colours() throws {
        let daemon = try TestDaemon()
        #expect(try PseudoTerminal(columns: 200, ["doctor"], socket: daemon.socket).screen.contains("\u{1B}[32m"))
        #expect(try !daemon.output("doctor").contains("\u{1B}"))
    }

    @Test(
        "somebody without a role is told how to get one",
        .enabled(if: Machine.isRoot && Machine.canDropRoot))
    func roles() throws {
        let daemon = try TestDaemon(["--reader-group", "61001"])
        #expect(chmod(daemon.socket, 0o777) == 0 && chmod(daemon.folder, 0o755) == 0)
        let asReader = ["setpriv", "--reuid=\(Machine.nobody)", "--regid=61001", "--clear-groups"]
        let run = try Command(["doctor"], socket: daemon.socket, wrapper: asReader)
        #expect(run.code == 0, "\(run.errors)")
        #expect(run.output.contains("admin: sudo usermod -aG lifecycle-admin nobody"), "\(run.output)")
        let audit = try Command(["doctor", "--audit"], socket: daemon.socket, wrapper: asReader)
        #expect(audit.code == 1)
        #expect(audit.errors.contains("permissionDenied"), "\(audit.errors)")
    }
}
