internal import LifecycleCore
internal import LifecycleRPC
internal import Testing

@Suite("An import of projects", .ledgers)
struct ImportProjectsTests {
    /// The harness' clock shows 2027-01-15 08:00:00 UTC.
    static let table =
        ImportHarness.projectColumns + #"""
            c3,ada,completed,30,,2027-01-14 10:00:00.500,2027-01-14 10:20:00.500
            c1,ada,failed,10,"GPU lost, ""again""",2025-06-01 12:34:56.789,2025-06-01 12:40:00
            c5,bea,processing,50,,2027-01-15 07:55:00,2027-01-15 07:59:00+00
            c2,bea,pending,20,stale,2026-03-01 00:00:00,2026-03-01 00:00:01
            c4,bea,processing,40,,2027-01-14 12:00:00,2027-01-14 12:30:00
            c6,ada,failed,0,,2027-01-15 07:58:00,2027-01-15 07:57:59.990

            """#

    static func time(_ text: String) -> Timestamp? { Timestamp(text) }

    @Test("keeps states, credits and times, in the order in which they were created")
    func keeps() async throws {
        let harness = try ImportHarness()
        let summary = try await harness.run(.projects, Self.table)
        #expect(summary.rows == 6 && summary.written == 6 && summary.users == 2)
        #expect(summary.creditsGranted == 150)
        let counts = summary.byStatus
        #expect([counts.pending, counts.processing, counts.completed, counts.failed] == [1, 2, 1, 2])
        #expect(summary.creditsCaptured == 30 && summary.creditsRefunded == 10 && summary.creditsHeld == 110)
        #expect(summary.overdue == 2 && summary.creditsOverdue == 60)
        #expect(summary.lastDeadline == Self.time("2027-01-15T08:09:00Z"))
        #expect(summary.messagesLeftOut == 1)

        let database = try RawDatabase(harness.ledger.folder.database)
        let rows = try database.rows(
            """
            SELECT externalId, status, createdAt, updatedAt, startedAt, finishedAt, deadline, idempotencyKey, errorCode,
                errorMessage, hex(id) = max(hex(id)) OVER (ORDER BY row)
            FROM project ORDER BY row
            """)
        database.close()
        func ms(_ text: String) -> String { "\(Self.time(text)!.milliseconds)" }
        #expect(
            rows == [
                [
                    "c1", "failed", ms("2025-06-01T12:34:56.789Z"), ms("2025-06-01T12:40:00Z"), "",
                    ms("2025-06-01T12:40:00Z"), "", "import:c1", "pipelineFailed", "GPU lost, \"again\"", "1",
                ],
                [
                    "c2", "pending", ms("2026-03-01T00:00:00Z"), ms("2026-03-01T00:00:01Z"), "", "",
                    ms("2026-03-01T01:00:00Z"), "import:c2", "", "", "1",
                ],
                [
                    "c3", "completed", ms("2027-01-14T10:00:00.5Z"), ms("2027-01-14T10:20:00.5Z"),
                    ms("2027-01-14T10:20:00.5Z"), ms("2027-01-14T10:20:00.5Z"), "", "import:c3", "", "", "1",
                ],
                [
                    "c4", "processing", ms("2027-01-14T12:00:00Z"), ms("2027-01-14T12:30:00Z"),
                    ms("2027-01-14T12:30:00Z"), "", ms("2027-01-14T12:40:00Z"), "import:c4", "", "", "1",
                ],
                [
                    "c5", "processing", ms("2027-01-15T07:55:00Z"), ms("2027-01-15T07:59:00Z"),
                    ms("2027-01-15T07:59:00Z"), "", ms("2027-01-15T08:09:00Z"), "import:c5", "", "", "1",
                ],
                [
                    "c6", "failed", ms("2027-01-15T07:58:00Z"), ms("2027-01-15T07:58:00Z"), "",
                    ms("2027-01-15T07:58:00Z"), "", "import:c6", "pipelineFailed", "unspecified", "1",
                ],
            ])
    }

    @Test("leaves the dead ones to the daemon, which gives their credits back at its next start")
    func dead() async throws {
        let harness = try ImportHarness()
        _ = try await harness.run(.projects, Self.table)
        let ledger = harness.ledger
        try await ledger.open()
        func project(_ id: String) async throws -> Project {
            try await ledger.call(GetStatus(externalId: id)).project
        }
        #expect(try await project("c2").errorCode == "startTimeout")
        #expect(try await project("c4").errorCode == "runtimeExceeded")
        #expect(try await project("c5").status == .processing)
        #expect(try await project("c5").deadline == Self.time("2027-01-15T08:09:00Z"))
        #expect(try await ledger.call(GetBalance(userId: "ada")) == Balance(userId: "ada", available: 10, held: 0))
        #expect(try await ledger.call(GetBalance(userId: "bea")) == Balance(userId: "bea", available: 60, held: 50))
        #expect(try await ledger.findings() == [])

        let explained = try await ledger.call(ExplainProject(externalId: "c1"))
        #expect(explained.events.map(\.kind) == [.created, .failed])
        #expect(explained.events.allSatisfy { $0.detail == "imported" })
        #expect(explained.events.map(\.at) == [explained.project.createdAt, explained.project.updatedAt])
        #expect(explained.entries.map(\.kind) == [.charge, .refund])
        let completed = try await ledger.call(ExplainProject(externalId: "c3"))
        #expect(completed.events.map(\.kind) == [.created, .processing, .completed])
        let adjustments = try await ledger.call(ListEntries(userId: "ada")).entries.filter { $0.kind == .adjustment }
        #expect(adjustments.map(\.reason) == ["import of project c3", "import of project c1"])
        #expect(adjustments.allSatisfy { $0.at.milliseconds == ledger.now })
        await ledger.close()
    }

    @Test("run again leaves alone what is there, whatever became of it, and takes what is new")
    func again() async throws {
        let harness = try ImportHarness()
        _ = try await harness.run(.projects, Self.table)
        let before = try harness.dump()
        var summary = try await harness.run(.projects, Self.table)
        #expect(summary.written == 0 && summary.alreadyImported == 6 && summary.creditsHeld == 0)
        #expect(try harness.dump() == before)
        let changed = Self.table.replacing("c5,bea,processing", with: "c5,bea,completed")
        summary = try await harness.run(
            .projects, changed + "c7,ada,pending,1,,2027-01-15 07:59:00,2027-01-15 07:59:00\n")
        #expect(summary.written == 1 && summary.alreadyImported == 6)
        try await harness.ledger.open()
        #expect(try await harness.ledger.call(GetStatus(externalId: "c5")).project.status == .processing)
        await harness.ledger.close()
    }

    @Test("into a ledger that is in use keeps the ids growing, and names what is in the way")
    func inUse() async throws {
        let harness = try ImportHarness()
        let ledger = harness.ledger
        try await ledger.grant(100, to: "ada")
        var create = CreateProject(userId: "ada", credits: 1)
        create.externalId = "c1"
        let own = try await ledger.call(create).project
        let errors = try await harness.errors(
            .projects,
            Self.table
                + """
                c2,bea,pending,20,,2026-03-01 00:00:00,2026-03-01 00:00:01
                c8,ada,pending,9007199254740991,,2026-03-01 00:00:00,2026-03-01 00:00:01

                """)
        #expect(
            errors == [
                "3 id: is the external id of project \(own.projectId), which was not imported",
                "8 id: is in the file more than once",
                "9 creditsUsed: the sum of all credits that the user was given would be above 9007199254740991",
            ])
        _ = try await harness.run(.projects, Self.table.replacing("c1,", with: "c0,"))
        let database = try RawDatabase(ledger.folder.database)
        #expect(
            try database.rows("SELECT count(*) = 7, sum(hex(id) <= '\(own.projectId)') FROM project")[0][0] == "1")
        #expect(
            try database.rows("SELECT group_concat(externalId) FROM (SELECT * FROM project ORDER BY id)")
                == [["c1,c0,c2,c3,c4,c5,c6"]])
        database.close()
        _ = try await harness.errors(.projects, Self.table.replacing("c0,ada,failed,10", with: "c0,ada,failed,11"))
    }

    @Test("of another price or another user than before is refused")
    func differs() async throws {
        let harness = try ImportHarness()
        _ = try await harness.run(.projects, Self.table)
        let errors = try await harness.errors(
            .projects,
            Self.table.replacing("c1,ada,failed,10", with: "c1,ada,failed,11")
                .replacing("c3,ada", with: "c3,bea"))
        #expect(errors.count == 2)
        #expect(errors[0].hasPrefix("2 id: is the external id of project "))
        #expect(errors[1] == "3 creditsUsed: is 11, and was imported before with 10")
    }

    @Test("cuts a long error message as a report's, on a scalar boundary")
    func longMessage() async throws {
        let harness = try ImportHarness()
        let message = "x" + String(repeating: "é", count: 5000)
        _ = try await harness.run(
            .projects,
            ImportHarness.projectColumns + "a,ada,failed,1,\(message),2026-03-01 00:00:00,2026-03-01 00:00:01\n")
        try await harness.ledger.open()
        let stored = try await harness.ledger.call(GetStatus(externalId: "a")).project.errorMessage
        #expect(stored?.utf8.count == 8191)
        await harness.ledger.close()
    }

    @Test("100 000 rows, in no order, all of them accounted for")
    func many() async throws {
        let harness = try ImportHarness()
        var text = ImportHarness.projectColumns
        let words = ["pending", "processing", "completed", "failed"]
        for number in 0..<100_000 {
            // A permutation, as 100003 is prime.
            let id = (number * 7919 + 1) % 100_003
            let day = String(id % 28 + 1).count == 1 ? "0\(id % 28 + 1)" : "\(id % 28 + 1)"
            let time = "2026-05-\(day) 10:00:00.\(100 + id % 900)"
            text += "p\(id),user\(id % 997),\(words[id % 4]),\(id % 50),,\(time),\(time)\n"
        }
        let summary = try await harness.run(.projects, text)
        #expect(summary.written == 100_000)
        #expect(summary.users == 997)
        #expect(summary.overdue == summary.byStatus.pending + summary.byStatus.processing)
        let database = try RawDatabase(harness.ledger.folder.database)
        #expect(
            try database.rows(
                "SELECT count(*), sum(createdAt < before) FROM (SELECT createdAt, lag(createdAt) OVER (ORDER BY id) AS before FROM project)"
            ) == [["100000", "0"]])
        database.close()
        let ledger = harness.ledger
        try await ledger.open()
        var list = ListProjects()
        list.includeStats = true
        let stats = try #require(try await ledger.call(list).stats)
        #expect(stats.byStatus.pending == 0 && stats.byStatus.processing == 0)
        #expect(stats.byStatus.completed == summary.byStatus.completed)
        #expect(stats.creditsRefunded == summary.creditsRefunded + summary.creditsOverdue)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }
}
