internal import HashTreeCollections
internal import LifecycleCore
internal import Testing

@testable internal import LifecycleClient

@Suite("The audit of the ledger in memory")
struct InMemoryAuditTests {
    private static let now = Timestamp(milliseconds: 1_767_225_600_000)
    private static let later = Timestamp(milliseconds: 1_767_225_600_001)

    /// Ann has 100 credits; her projects of 10, 20 and 30 are pending, completed and failed.
    private static func store() throws -> InMemoryStore {
        let ledger = InMemoryTransaction(InMemoryStore(), ids: ProjectIDGenerator())
        let context = CallContext(
            now: now, caller: Caller(uid: 1, gid: 2, pid: 3, roles: [.admin]), limits: Limits(), metrics: CallCounts())
        _ = try GrantCredits(userId: "ann", credits: 100, reason: "gift").run(in: ledger, context)
        for (credits, status) in [(10, nil), (20, .completed), (30, .failed)] as [(Int64, Status?)] {
            let id = try CreateProject(userId: "ann", credits: credits).run(in: ledger, context).project.projectId
            if let status { _ = try UpdateStatus(projectId: id, status: status).run(in: ledger, context) }
        }
        return ledger.store
    }

    @Test("finds nothing in a whole ledger and says how much it looked at")
    func clean() throws {
        let report = try Self.store().audit()
        #expect(report.findings == [])
        #expect(report.checked == 1 + 3 + 6)
        #expect(InMemoryStore().audit().findings == [])
    }

    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let finding: String
        let harm: @Sendable (inout InMemoryStore) -> Void
    }

    private static func damage(
        _ finding: String, _ name: String, _ harm: @escaping @Sendable (inout InMemoryStore) -> Void
    ) -> Damage { Damage(testDescription: name, finding: finding, harm: harm) }

    static let damages: [Damage] = [
        damage("balance", "a balance that the entries do not say") { $0.accounts[1]?.available += 1 },
        damage("balance", "more granted than the entries say") { $0.accounts[1]?.granted += 1 },
        damage("conservation", "a credit that is nowhere") { $0.accounts[1]?.available -= 1 },
        damage("totals", "a count that is wrong") { $0.accounts[1]?.totals.failed.count += 1 },
        damage("totals", "a time that is wrong") { $0.accounts[1]?.totals.completedMilliseconds += 1 },
        damage("charge", "another price") { $0.projects[1]?.stored.project.creditsUsed += 1 },
        damage("charge", "no charge") { $0.entries[2]?.entry.kind = .grant },
        damage("charge", "two charges") { $0.entries[4]?.entry.kind = .charge },
        damage("outcome", "a failed project without its refund") { $0.projects[1]?.stored.project.status = .failed },
        damage("outcome", "a refund of a completed project") { $0.entries[4]?.entry.kind = .refund },
        damage("outcome", "a refund of another amount") { $0.entries[6]?.entry.credits += 1 },
        damage("outcome", "an outcome that is not found") { $0.projects[3]?.outcome = nil },
        damage("history", "a verdict that nobody gave") { $0.events.removeValue(forKey: 5) },
        damage("history", "a start at another time") { $0.projects[2]?.stored.project.startedAt = nil },
        damage("history", "another time of creation") { $0.projects[1]?.stored.project.createdAt = later },
        damage("history", "an externalId that nobody recorded") { $0.projects[1]?.stored.project.externalId = "x" },
        damage("history", "a request to cancel that nobody made") {
            $0.projects[1]?.stored.project.cancelRequested = true
        },
        damage("history", "a report that nobody refused") { $0.projects[2]?.stored.refusedReports = 1 },
        damage("history", "a removed history that is there") { $0.projects[2]?.stored.trimmedAt = later },
        damage("history", "a grant without its event") { $0.events.removeValue(forKey: 1) },
        damage("terms", "a deadline beyond all terms") {
            $0.projects[1]?.stored.project.deadline = Timestamp(milliseconds: .max)
        },
        damage("reference", "an entry that is missing") { $0.entries.removeValue(forKey: 1) },
        damage("reference", "an id that is not found") { $0.projectsByID.removeAll { _ in true } },
        damage("reference", "a deadline that never comes") { $0.deadlines = DeadlineIndex() },
        damage("reference", "another deadline") { $0.projects[1]?.stored.project.deadline = now },
    ]

    @Test("finds what is wrong", arguments: damages)
    func finds(damage: Damage) throws {
        var store = try Self.store()
        damage.harm(&store)
        #expect(store.audit().findings.map(\.check).contains(damage.finding))
    }
}
