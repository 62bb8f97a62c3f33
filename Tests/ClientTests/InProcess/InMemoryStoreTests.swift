internal import Testing

@testable internal import LifecycleClient
@testable internal import LifecycleCore

@Suite("The ledger in memory keeps the schema's rules")
struct InMemoryStoreTests {
    private static let now = Timestamp(milliseconds: 1_767_225_600_000)
    private static let later = Timestamp(milliseconds: 1_767_225_700_000)
    private static let caller = Caller(uid: 1, gid: 2, pid: 3, roles: [])

    private static func new(_ account: Account, _ credits: Int64, _ change: (inout NewProject) -> Void = { _ in })
        -> NewProject
    {
        var new = NewProject(
            projectId: ProjectID(high: 1, low: 1), account: account, credits: credits, terms: Terms(), deadline: later)
        change(&new)
        return new
    }

    /// Ann has 100 credits, of which the one project took 10; it has a key and an externalId, both `x`.
    private static func ledger() throws -> (InMemoryTransaction, Account, StoredProject) {
        let ledger = InMemoryTransaction(InMemoryStore(), ids: ProjectIDGenerator())
        let account = try ledger.openAccount(of: "ann")
        let grant = NewEntry(account: account, kind: .grant, credits: 100, reason: "gift", idempotencyKey: "x")
        _ = try ledger.post(grant, at: now)
        try ledger.record(
            NewEvent(.granted, of: account, credits: 100, detail: "gift"), by: caller, at: now)
        let project = try ledger.create(
            new(account, 10) {
                $0.projectId = ProjectID(high: 0, low: 7)
                $0.idempotencyKey = "x"
                $0.externalId = "x"
            }, at: now)
        try ledger.record(NewEvent(.created, of: project), by: caller, at: now)
        return (ledger, account, project)
    }

    struct Violation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let run: @Sendable (InMemoryTransaction, Account, StoredProject) throws(RPCError) -> Void

        init(
            _ name: String,
            _ run: @escaping @Sendable (InMemoryTransaction, Account, StoredProject) throws(RPCError) -> Void
        ) {
            testDescription = name
            self.run = run
        }
    }

    private static func creating(
        _ name: String, _ credits: Int64 = 1, _ change: @escaping @Sendable (inout NewProject) -> Void
    )
        -> Violation
    {
        Violation(name) { ledger, account, _ throws(RPCError) in
            _ = try ledger.create(new(account, credits, change), at: now)
        }
    }

    private static func posting(_ name: String, _ kind: Entry.Kind, _ credits: Int64, key: String? = nil) -> Violation {
        Violation(name) { ledger, account, _ throws(RPCError) in
            let entry = NewEntry(account: account, kind: kind, credits: credits, reason: "r", idempotencyKey: key)
            _ = try ledger.post(entry, at: now)
        }
    }

    private static func after(
        _ verdict: Verdict, _ name: String,
        _ run: @escaping @Sendable (InMemoryTransaction, StoredProject) throws(RPCError) -> Void
    ) -> Violation {
        Violation(name) { ledger, _, project throws(RPCError) in
            do throws(RPCError) { try ledger.finish(project, verdict, at: now) } catch { return }
            try run(ledger, project)
        }
    }

    static let violations: [Violation] = [
        creating("an overdraft", 91) { _ in },
        creating("a price below zero", -1) { _ in },
        creating("an id twice") { $0.projectId = ProjectID(high: 0, low: 7) },
        creating("a project's key twice") { $0.idempotencyKey = "x" },
        creating("an externalId twice") { $0.externalId = "x" },
        creating("an empty externalId") { $0.externalId = "" },
        creating("an empty key") { $0.idempotencyKey = "" },
        creating("a lease of nothing") { $0.terms.lease = 0 },
        creating("no deadline") { $0.deadline = nil },
        Violation("a second account") { ledger, _, _ throws(RPCError) in _ = try ledger.openAccount(of: "ann") },
        Violation("a nameless account") { ledger, _, _ throws(RPCError) in _ = try ledger.openAccount(of: "") },
        posting("more taken than there is", .adjustment, -91),
        posting("more given than can be counted", .grant, Limits.largestInteger),
        posting("a grant below zero", .grant, -1),
        posting("a charge of no project", .charge, 1),
        posting("a refund of no project", .refund, 1),
        posting("an entry's key twice", .grant, 1, key: "x"),
        after(.completed, "a refund after the capture") { ledger, project throws(RPCError) in
            try ledger.finish(project, .failed(code: "c", message: "m"), at: now)
        },
        after(.failed(code: "c", message: "m"), "a second refund") { ledger, project throws(RPCError) in
            try ledger.finish(project, .failed(code: "c", message: "m"), at: now)
        },
        after(.failed(code: "c", message: "m"), "a start after the end") { ledger, project throws(RPCError) in
            try ledger.start(project, deadline: later, at: now)
        },
        after(.completed, "a deadline after the end") { ledger, project throws(RPCError) in
            try ledger.renew(project, deadline: later, at: now)
        },
        Violation("a second start") { ledger, _, project throws(RPCError) in
            do throws(RPCError) { try ledger.start(project, deadline: later, at: now) } catch { return }
            try ledger.start(project, deadline: later, at: now)
        },
        Violation("an unfinished project without a deadline") { ledger, _, project throws(RPCError) in
            try ledger.renew(project, deadline: nil, at: now)
        },
        Violation("another externalId") { ledger, _, project throws(RPCError) in
            try ledger.recordExternalID("y", of: project, at: now)
        },
        Violation("an event of nobody") { ledger, _, _ throws(RPCError) in
            let nobody = Account(row: 9, balance: Balance(userId: "bob", available: 0, held: 0), granted: 0)
            try ledger.record(NewEvent(.granted, of: nobody, credits: 1, detail: ""), by: caller, at: now)
        },
    ]

    @Test("what the schema refuses is refused, and the change is whole or not at all", arguments: violations)
    func guards(violation: Violation) throws {
        let (ledger, account, project) = try Self.ledger()
        do throws(RPCError) {
            try violation.run(ledger, account, project)
            Issue.record("was done")
        } catch {
            #expect(error.kind == .internalError)
        }
        #expect(ledger.audit().findings.filter { $0.check != "history" } == [])
        #expect(ledger.store.entries.count <= 3)
        #expect(ledger.store.projects.count == 1)
    }

    @Test("the keys of projects and of entries are apart, as the tables are; the rules see both as one")
    func keys() throws {
        let (ledger, account, project) = try Self.ledger()
        guard case .project(let found) = ledger.request(of: "ann", key: "x") else { throw RPCError.brokenRule }
        #expect(found.row == project.row)
        let entry = NewEntry(account: account, kind: .grant, credits: 1, reason: "r", idempotencyKey: "y")
        let id = try ledger.post(entry, at: Self.now).entryId
        guard case .entry(let entry) = ledger.request(of: "ann", key: "y") else { throw RPCError.brokenRule }
        #expect(entry.entryId == id)
        if case .some = ledger.request(of: "bob", key: "y") { Issue.record("ann's key is bob's") }
    }

    @Test("what is rolled back never was: a copy does not see what is done to another")
    func rollback() throws {
        let (ledger, account, project) = try Self.ledger()
        let other = InMemoryTransaction(ledger.store, ids: ledger.ids)
        try other.finish(project, .failed(code: "c", message: "m"), at: Self.later)
        try other.record(NewEvent(.failed, of: project), by: Self.caller, at: Self.later)
        _ = try other.create(Self.new(account, 100) { $0.externalId = "y" }, at: Self.later)
        _ = try other.openAccount(of: "bob")
        #expect(other.account(of: "ann")?.balance == Balance(userId: "ann", available: 0, held: 100))
        #expect(other.dueProjects(at: Self.later, limit: 9).map(\.row) == [2])

        #expect(ledger.account(of: "ann")?.balance == Balance(userId: "ann", available: 90, held: 10))
        #expect(ledger.account(of: "bob") == nil)
        #expect(ledger.project(.externalID("y")) == nil)
        #expect(ledger.events(ofProject: 1).map(\.kind) == [.created])
        #expect(ledger.entries(ofProject: 1).map(\.kind) == [.charge])
        #expect(ledger.dueProjects(at: Self.later, limit: 9).map(\.row) == [1])
        #expect(ledger.audit().findings == [])
        #expect(other.audit().findings.map(\.check) == ["history"])
    }
}
