internal import LifecycleCore
internal import LifecycleRPC
internal import TestSupport
internal import Testing

@Suite("An import of users", .ledgers)
struct ImportUsersTests {
    @Test("gives each the balance of the old system, once however often it is run")
    func balances() async throws {
        let harness = try ImportHarness()
        let text = "userId,credits\nada,100\nbea,0\n\"o'hara, \"\"bo\"\"\",7\n"
        var summary = try await harness.run(.users, text)
        #expect(summary.rows == 3 && summary.written == 3 && summary.users == 3)
        #expect(summary.creditsGranted == 107)
        let after = try harness.dump()

        summary = try await harness.run(.users, text)
        #expect(summary.written == 0 && summary.alreadyImported == 3 && summary.users == 0)
        #expect(try harness.dump() == after)

        let ledger = harness.ledger
        try await ledger.open()
        #expect(try await ledger.call(GetBalance(userId: "ada")).available == 100)
        #expect(try await ledger.call(GetBalance(userId: "o'hara, \"bo\"")).available == 7)
        let entry = try #require(try await ledger.call(ListEntries(userId: "ada")).entries.first)
        #expect(entry.kind == .grant && entry.reason == "import" && entry.at.milliseconds == ledger.now)
        #expect(try await ledger.findings() == [])
        await ledger.close()
    }

    @Test("adds to what a user has here already")
    func known() async throws {
        let harness = try ImportHarness()
        try await harness.ledger.grant(5, to: "ada")
        let summary = try await harness.run(.users, "credits,userId\r\n100,ada\r\n")
        #expect(summary.users == 0 && summary.written == 1)
        try await harness.ledger.open()
        #expect(try await harness.ledger.call(GetBalance(userId: "ada")).available == 105)
        await harness.ledger.close()
    }

    @Test("writes nothing in a dry run, and says what it would write")
    func dryRun() async throws {
        let harness = try ImportHarness()
        try await harness.ledger.grant(5, to: "ada")
        await harness.ledger.close()
        let before = try harness.dump()
        let summary = try await harness.run(.users, "userId,credits\nada,1\nbea,2\n", dryRun: true)
        #expect(summary.dryRun && summary.written == 2 && summary.users == 1 && summary.creditsGranted == 3)
        #expect(try harness.dump() == before)
    }

    @Test("that has errors tells all of them and writes nothing")
    func errors() async throws {
        let harness = try ImportHarness()
        try await harness.ledger.grant(Limits.largestInteger - 10, to: "rich")
        _ = try await harness.run(.users, "userId,credits\nada,1\n")
        let before = try harness.dump()
        let errors = try await harness.errors(
            .users, "userId,credits\nbea,x\nada,2\ncid\nrich,11\ndan,4\ndan,4\n,5\n")
        #expect(
            errors == [
                "2 credits: must be a whole number from 0 to 9007199254740991, not \"x\"",
                "3 credits: is 2, and was imported before with 1",
                "4 has 1 field, but the header has 2",
                "5 credits: the sum of all credits that the user was given would be above 9007199254740991",
                "7 userId: is in the file more than once",
                "8 userId: is empty",
            ])
        #expect(try harness.dump() == before)
    }

    @Test(
        "of something that is no table is refused",
        arguments: [
            ("", "is empty"), ("\n\n", "is empty"), ("userId,credits\n\"ada", "1 error"), ("userId\n", "1 error"),
            ("userId,credits\nada,\0\n", "1 error"),
        ])
    func noTable(_ text: String, _ names: String) async throws {
        let harness = try ImportHarness()
        let error = await #expect(throws: ImportError.self) { try await harness.run(.users, text) }
        #expect(error?.description.contains(names) == true)
        #expect(try harness.dump().isEmpty)
    }

    @Test("skips the byte order mark that spreadsheets write, and counts the lines behind a broken one")
    func byteOrderMark() async throws {
        let harness = try ImportHarness()
        #expect(try await harness.run(.users, "\u{FEFF}userId,credits\nada,1").written == 1)
        #expect(
            try await harness.errors(.users, "userId,credits\nx,y\n\"a\nb\",1\nz,\"1\" \n") == [
                "2 credits: must be a whole number from 0 to 9007199254740991, not \"y\"",
                "3 userId: must not contain control characters",
                "5 field 2: text after the closing quote",
            ])
    }

    @Test("that is interrupted is taken back", arguments: [2, 3, 5, 6, 7])
    func interrupted(_ row: Int) async throws {
        let harness = try ImportHarness()
        let error = await #expect(throws: ImportError.self) {
            try await harness.run(.users, "userId,credits\na,1\nb,1\nc,1\n", interruptedAtRow: row)
        }
        #expect(error?.description == "interrupted; nothing was imported")
        if row > 3 { #expect(try harness.dump().isEmpty) }
    }

    @Test("does not begin while a daemon has the database, and says what to stop")
    func locked() async throws {
        let harness = try ImportHarness()
        let path = harness.ledger.folder.file("import.csv")
        try harness.ledger.folder.write(Array("userId,credits\nada,1\n".utf8), to: path)
        let error = #expect(throws: ImportError.self) {
            try Importer(limits: Limits()).run(
                .users, from: ImportFile(path), into: harness.ledger.folder.database, dryRun: false, mayCreate: false)
        }
        #expect(error?.description.contains("systemctl stop lifecycled.socket lifecycled.service") == true)
        #expect(error.map { DaemonExit($0) } == .temporaryFailure)
        await harness.ledger.close()
    }

    @Test("refuses to add to a ledger that is not in order")
    func inconsistent() async throws {
        let harness = try ImportHarness()
        try await harness.ledger.grant(5, to: "ada")
        await harness.ledger.close()
        let database = try RawDatabase(harness.ledger.folder.database)
        try database.execute("UPDATE account SET available = available + 7, granted = granted + 7")
        database.close()
        let before = try harness.dump()
        let error = await #expect(throws: ImportError.self) {
            try await harness.run(.users, "userId,credits\nbea,1\n")
        }
        #expect(error?.description.contains("balance ada") == true)
        #expect(try harness.dump() == before)
    }
}
