internal import LifecycleCore
internal import Testing

@Suite("Texts", .ledgers)
struct TextTests {
    /// Whatever a client may send comes back byte for byte.
    static let texts = [
        "a\u{0}b", "\u{0}", "line\nline\r\n\ttab", "\"quoted\" \\ / \u{7F}", "\u{FEFF}", "\u{FFFD}\u{FFFF}\u{10FFFF}",
        "caf\u{E9} cafe\u{301}", "\u{1F468}\u{200D}\u{1F4BB}", "\u{202E}reversed", "'; DROP TABLE project; --",
        "%s%n ?1",
    ]

    @Test("an error message, a reason and metadata keep NUL and every scalar", arguments: texts)
    func survive(_ text: String) async throws {
        let ledger = try LedgerHarness()
        let granted = try await ledger.call(GrantCredits(userId: "ann", credits: 9, reason: text))
        var request = CreateProject(userId: "ann", credits: 1)
        var json = JSONWriter()
        json.beginObject()
        json.key("text")
        json.string(text)
        json.endObject()
        request.metadata = Metadata(text: json.bytes)
        let project = try await ledger.call(request).project.projectId
        _ = try await ledger.call(UpdateStatus(projectId: project, status: .failed, errorMessage: text))
        try await ledger.reopen()

        let shown = try await ledger.call(GetStatus(projectId: project)).project
        #expect(shown.errorMessage.hasSameBytes(as: text))
        #expect(shown.metadata?.text == json.bytes)
        #expect(granted.entry.reason.hasSameBytes(as: text))
        let entries = try await ledger.call(ListEntries(userId: "ann")).entries
        #expect(entries.last?.reason.hasSameBytes(as: text) == true)
        await ledger.close()
    }

    @Test(
        "names and ids that are no more than equivalent are different",
        arguments: [("caf\u{E9}", "cafe\u{301}"), ("a", "A")])
    func bytesDecide(_ one: String, _ other: String) async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(5, to: one)
        #expect(try await ledger.call(GetBalance(userId: other)).available == 0)
        try await ledger.grant(7, to: other)
        #expect(try await ledger.call(GetBalance(userId: one)).available == 5)
        for (user, credits) in [(one, 1), (other, 2)] as [(String, Int64)] {
            var request = CreateProject(userId: user, credits: credits)
            request.externalId = user
            _ = try await ledger.call(request)
        }
        #expect(try await ledger.call(GetStatus(externalId: one)).project.creditsUsed == 1)
        #expect(try await ledger.call(GetStatus(externalId: other)).project.creditsUsed == 2)
        #expect(try await ledger.call(ListProjects(userId: one)).projects.map(\.creditsUsed) == [1])
        await ledger.close()
    }

    @Test(
        "a message beyond 8 KiB is cut between two scalars",
        arguments: [
            ("x", 8192, 8192), ("x", 8193, 8192), ("é", 4096, 8192), ("é", 4097, 8192), ("€", 2731, 8190),
            ("\u{1F4A5}", 2048, 8192), ("\u{1F4A5}", 100_000, 8192),
        ])
    func messageIsCut(_ scalar: String, _ count: Int, _ bytes: Int) async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(1, to: "ann")
        let project = try await ledger.create(1, for: "ann").projectId
        let message = String(repeating: scalar, count: count)
        let failed = try await ledger.call(UpdateStatus(projectId: project, status: .failed, errorMessage: message))
        #expect(failed.project.errorMessage?.utf8.count == bytes)
        #expect(failed.project.errorMessage.map { message.utf8.starts(with: $0.utf8) } == true)
        await ledger.close()
    }

    @Test("a cut never lands inside a scalar, whatever stands before it", arguments: 0..<4)
    func cutWithOffset(_ offset: Int) async throws {
        let ledger = try LedgerHarness()
        try await ledger.grant(1, to: "ann")
        let project = try await ledger.create(1, for: "ann").projectId
        let message = String(repeating: "x", count: offset) + String(repeating: "\u{1F4A5}", count: 3000)
        let failed = try await ledger.call(UpdateStatus(projectId: project, status: .failed, errorMessage: message))
        #expect(failed.project.errorMessage?.utf8.count == offset + (8192 - offset) / 4 * 4)
        await ledger.close()
    }
}
