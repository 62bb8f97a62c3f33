import LifecycleClient
import TestSupport
import Testing

/// Many tasks that work with a few users' credits while the daemon comes and goes, and the books that they keep.
final class RestartLoad: Sendable {
    static let granted: Int64 = 1_000_000
    let users = (0..<8).map { "user-\($0)" }
    private let clients: [LifecycleClient]
    private let tasks: Int
    private let callsPerTask: Int
    private let seed: UInt64
    private let ended = Box(0)
    /// What each task waits for.
    private let waiting = Box<[Int: String]>([:])

    init(_ clients: [LifecycleClient], tasks: Int, calls: Int, seed: UInt64) {
        self.clients = clients
        self.tasks = tasks
        callsPerTask = calls / tasks
        self.seed = seed
    }

    /// Calls that have their outcome.
    var endedCalls: Int { ended.value }
    var allCalls: Int { tasks * callsPerTask }

    /// - Returns: what all tasks were answered. Throws with the names of the calls that hang, if any do.
    func run() async throws -> RestartBooks {
        for user in users {
            _ = try await clients[0].grantCredits(userId: user, credits: Self.granted, reason: "for the test")
        }
        let books = Box<[RestartBooks]>([])
        for number in 0..<tasks {
            // Not in a group, which could not be left while one of them hangs.
            Task { [self] in
                var worker = RestartWorker(
                    client: clients[number % clients.count], number: number, userId: users[number % users.count],
                    random: SeededRandom(seed: seed &+ UInt64(number)))
                await worker.work(calls: callsPerTask) { call in
                    waiting.change { $0[number] = call }
                    if call == nil { ended.change { $0 += 1 } }
                }
                let kept = worker.books
                books.change { $0.append(kept) }
            }
        }
        while books.value.count < tasks {
            let before = ended.value
            do {
                // Longer than any call may take.
                try await waitWithoutThread(for: "a call to end", atMost: 300) {
                    ended.value > before || books.value.count == tasks
                }
            } catch {
                throw TestFailure("these calls hang: \(waiting.value.values.sorted())")
            }
        }
        return books.value.reduce(into: RestartBooks()) { $0.add($1) }
    }

    /// Stops and starts the daemon again and again, evenly spread over the calls.
    func disturb(_ daemon: TestDaemon, times: Int, stop: @escaping @Sendable (TestDaemon) throws -> Void) async throws {
        try await inThread { [self] in
            for time in 1...times {
                let moment = allCalls * time / (times + 1)
                try waitFor("call \(moment)") { endedCalls >= moment }
                try stop(daemon)
                try daemon.start()
            }
        }
    }

    /// Holds the ledger to the books.
    func compare(_ books: RestartBooks, with client: LifecycleClient) async throws {
        #expect(try await client.audit().ok)
        var found: [ProjectID: RestartBooks.Record] = [:]
        var names: Set<String> = []
        var twice: [String] = []
        for user in users {
            var spent: Int64 = 0
            var held: Int64 = 0
            var cursor: ProjectID?
            repeat {
                let page = try await client.listProjects(userId: user, limit: 500, cursor: cursor)
                for project in page.projects {
                    let name = try #require(project.name)
                    if !names.insert(name).inserted { twice.append(name) }
                    found[project.projectId] = .init(
                        name: name, userId: project.userId, credits: project.creditsUsed, status: project.status)
                    if project.status != .failed { spent += project.creditsUsed }
                    if project.status == .pending { held += project.creditsUsed }
                }
                cursor = page.nextCursor
            } while cursor != nil
            let balance = try await client.getBalance(userId: user)
            #expect(balance.available == Self.granted - spent && balance.held == held, "\(balance)")
            let sums = try await sums(of: user, client)
            #expect(sums[.grant] == Self.granted, "\(user) was granted \(sums)")
            #expect(
                balance.available == Self.granted - sums[.charge, default: 0] + sums[.refund, default: 0], "\(sums)")
        }
        #expect(twice.isEmpty, "charged twice: \(twice.count): \(twice.prefix(5))")
        let lost = books.projects.filter { found[$0.key] != $0.value }
        #expect(lost.isEmpty, "answered, and not so: \(lost.values.map(\.name).sorted().prefix(5))")
        let unasked = found.filter { books.projects[$0.key] == nil && !books.doubtful.contains($0.value.name) }
        #expect(unasked.isEmpty, "never answered: \(unasked.values.map(\.name).sorted().prefix(5))")
    }

    private func sums(of user: String, _ client: LifecycleClient) async throws -> [Entry.Kind: Int64] {
        var sums: [Entry.Kind: Int64] = [:]
        var cursor: String?
        repeat {
            let page = try await client.listEntries(userId: user, limit: 500, cursor: cursor)
            for entry in page.entries { sums[entry.kind, default: 0] += entry.credits }
            cursor = page.nextCursor
        } while cursor != nil
        return sums
    }
}
