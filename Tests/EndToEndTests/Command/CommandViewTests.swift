import Foundation
import TestSupport
import Testing

@Suite("lifecyclectl: its views")
struct CommandViewTests {
    @Test("status shows all of a project")
    func status() throws {
        let daemon = try CommandOutputTests.story()
        #expect(
            try daemon.output("status", "--external-id", "story-1").masked == """
                project      PROJECT-ID--------------------------
                status       failed
                user         ada
                credits      40, 40 refunded
                external id  story-1
                name         The fox
                error        pipelineFailed: GPU lost
                created      DATE------ TIME----Z
                started      DATE------ TIME----Z
                finished     DATE------ TIME----Z

                """)
        let completed = try daemon.output("status", "--external-id", "story-2")
        #expect(completed.contains("metadata     {\"pages\":12}\n"))
        #expect(
            try daemon.output("status", "--external-id", "story-3").masked.contains(
                "deadline     DATE------ TIME----Z\n"))
        let id = try #require(completed.firstMatch(of: /[0-9a-f-]{36}/)?.output)
        #expect(try daemon.output("status", String(id)) == completed)
    }

    @Test("explain tells the story, the ledger and the history")
    func explain() throws {
        let daemon = try CommandOutputTests.story()
        _ = try daemon.command("update", "completed", "--external-id", "story-1")
        #expect(
            try daemon.output("explain", "--external-id", "story-1").maskedHistory == """
                Created at TIMESTAMP, taking 40 credits from user ada; started processing at TIMESTAMP; failed at \
                TIMESTAMP (reported by uid UID, pid PID) with pipelineFailed, "GPU lost"; its 40 credits given back \
                in the same transaction; 1 contradicting report refused afterwards.

                Ledger
                ENTRY  KIND    CREDITS  AT
                    2  charge       40  DATE------ TIME----Z
                    3  refund       40  DATE------ TIME----Z

                History
                EVENT  KIND           AT                    UID GID PID  DETAIL
                    2  created        DATE------ TIME----Z UID GID PID
                    3  processing     DATE------ TIME----Z UID GID PID
                    4  failed         DATE------ TIME----Z UID GID PID
                    9  reportRefused  DATE------ TIME----Z UID GID PID  completed

                """)
    }

    @Test("status and explain show a pause")
    func pause() throws {
        let daemon = try TestDaemon()
        let id = try daemon.begin(1)[0]
        _ = try daemon.call("heartbeat", ["projectId": id, "pause": 3600])
        #expect(
            try daemon.output("status", id).masked.contains(
                "paused until  DATE------ TIME----Z\ndeadline      DATE------ TIME----Z\n"))
        let explained = try daemon.output("explain", id).maskedHistory
        #expect(
            explained.hasPrefix(
                """
                Created at TIMESTAMP, taking 1 credit from user ada; started processing at TIMESTAMP; still processing, \
                its 1 credit held; paused until TIMESTAMP, and the next report ends the pause; a cancellation fails and \
                refunds it at once; it is failed and refunded at TIMESTAMP if nobody reports again.

                """))
        #expect(explained.contains("paused      DATE------ TIME----Z UID GID PID  3600 seconds\n"))
    }

    @Test("what a write did is told in two sentences, also when it was done before")
    func writes() throws {
        let daemon = try TestDaemon()
        let grant = ["grant", "ada", "1", "--reason", "r", "--key", "k"]
        #expect(
            try Command(grant, socket: daemon.socket).output
                == "Entry 1, grant of 1 credit, is written.\nada has 1 available and 0 held.\n")
        #expect(
            try Command(grant, socket: daemon.socket).output
                == "Entry 1, grant of 1 credit, was already written with this key.\nada has 1 available and 0 held.\n")
        #expect(
            try daemon.output("adjust", "ada", "--by", "-1", "--reason", "r")
                == "Entry 2, adjustment of -1 credits, is written.\nada has 0 available and 0 held.\n")
        _ = try daemon.output("grant", "ada", "50", "--reason", "r")
        let create = ["create", "ada", "40", "--key", "c", "--external-id", "e", "--lease", "60"]
        #expect(
            try Command(create, socket: daemon.socket).output.masked == """
                Project PROJECT-ID-------------------------- is created and charged 40 credits.
                ada has 10 available and 40 held.

                """)
        #expect(
            try Command(create, socket: daemon.socket).output.contains(
                "was already created with this key; it is pending."))
        let update = ["update", "failed", "--external-id", "e", "--code", "noGPU"]
        #expect(
            try Command(update, socket: daemon.socket).output.masked == """
                Project PROJECT-ID-------------------------- is now failed.
                Refunded: 40 credits; ada has 50 available and 0 held.

                """)
        #expect(try Command(update, socket: daemon.socket).output.contains(" was already failed.\n"))
    }

    @Test("entries are a table, and a user without any has none")
    func entries() throws {
        let daemon = try TestDaemon()
        _ = try daemon.output("grant", "ada", "50", "--reason", "a\nb")
        _ = try daemon.output("create", "ada", "7")
        #expect(
            try daemon.output("entries", "ada").masked == """
                ENTRY  KIND    CREDITS  AT                    PROJECT                               REASON
                    2  charge        7  DATE------ TIME----Z  PROJECT-ID--------------------------
                    1  grant        50  DATE------ TIME----Z                                        a\\nb

                """)
        #expect(try daemon.output("entries", "nobody") == "No entries.\n")
        #expect(try daemon.output("balance", "ada") == "user       ada\navailable  43\nheld       7\n")
    }

    @Test("audit, metrics and discover have a summary")
    func daemon() throws {
        let daemon = try TestDaemon()
        #expect(try daemon.output("audit") == "No faults: 0 accounts, projects and entries checked.\n")
        let metrics = try daemon.output("metrics")
        #expect(metrics.contains("lifecycle_requests_total") && metrics.contains("method=audit outcome=ok\n"))
        #expect(!metrics.contains("outcome=error"))
        #expect(metrics.contains("P50") && metrics.contains("P99"))
        let prometheus = try #require(daemon.call("getMetrics").string("prometheus")).split(separator: "\n").first
        #expect(try daemon.output("metrics", "--prometheus").split(separator: "\n").first == prometheus)
        let discover = try daemon.output("discover")
        #expect(discover.contains("grantCredits    write   admin"))
        #expect(discover.contains("maxBatch "))
    }

    @Test("call takes its parameters from standard input too")
    func call() throws {
        let daemon = try SharedDaemon.get()
        let input = "{\n  \"userId\": \"nobody\"\n}\n"
        #expect(
            try daemon.command("call", "getBalance", "-", input: input).output
                == #"{"userId":"nobody","available":0,"held":0}"# + "\n")
    }

    @Test("figures above 2^53 are exact, also after an import of users who have all that one can have")
    func greatFigures() throws {
        let daemon = try TestDaemon()
        daemon.stop()
        let file = daemon.folder + "/import.csv"
        let most = 9_007_199_254_740_991
        let rows = ["ada", "bea", "cleo"].map {
            "\($0)-1,\($0),failed,\(most),worn out,2026-03-01 00:00:00,2026-03-01 00:00:01\n"
        }
        try ("id,userId,status,creditsUsed,errorMessage,createdAt,updatedAt\n" + rows.joined())
            .write(toFile: file, atomically: true, encoding: .utf8)
        let imported = try Command(["import", "projects", file, "--database", daemon.database])
        #expect(imported.code == 0 && imported.output.contains("27021597764222973 credits"), "\(imported)")
        try daemon.start()
        let list = try daemon.output("list", "--stats")
        #expect(list.contains("\n27021597764222973 credits: 0 held, 0 spent, 27021597764222973 refunded\n"))
        let doctor = try daemon.output("doctor", "--audit")
        #expect(doctor.contains("27021597764222973: 0 held"), "\(doctor)")
        #expect(try daemon.output("list", "--stats", "--json").contains(#""creditsUsed":27021597764222973,"#))
    }
}
