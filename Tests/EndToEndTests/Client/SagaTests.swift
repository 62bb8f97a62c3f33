import LifecycleClient
import LifecycleTesting
import Testing

@Suite("withProject: no user pays for work that nobody began")
struct SagaTests {
    struct UpstreamDown: Error {}

    @Test("the project is charged, handed over, and processing with the upstream's id", arguments: Backend.allCases)
    func works(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
            let project = try await client.withProject(userId: "ana", credits: 40) { project in
                #expect(project.status == .pending)
                let balance = try await client.getBalance(userId: "ana")
                #expect(balance.held == 40)
                return "sda-1"
            }
            #expect(project.status == .processing && project.externalId == "sda-1")
            #expect(try await client.getStatus(externalId: "sda-1") == project)
        }
    }

    @Test("when the body throws, the credits are back before its error arrives", arguments: Backend.allCases)
    func bodyThrows(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
            await #expect(throws: UpstreamDown.self) {
                try await client.withProject(userId: "ana", credits: 40) { _ in throw UpstreamDown() }
            }
            #expect(try await client.getBalance(userId: "ana") == Balance(userId: "ana", available: 100, held: 0))
            let project = try #require(try await client.listProjects(userId: "ana").projects.first)
            #expect(project.status == .failed && project.errorCode == "createFailed")
            #expect(project.errorMessage == "UpstreamDown()")
        }
    }

    @Test("when its task is cancelled, the credits come back as well", arguments: Backend.allCases)
    func cancelled(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
            let (started, signal) = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                try await client.withProject(userId: "ana", credits: 40) { _ in
                    signal.finish()
                    try await Task.sleep(for: .seconds(3600))
                    return "never"
                }
            }
            for await _ in started {}
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await client.getBalance(userId: "ana") == Balance(userId: "ana", available: 100, held: 0))
            let project = try #require(try await client.listProjects(userId: "ana").projects.first)
            #expect(project.errorCode == "createFailed")
        }
    }

    @Test("a failed project is handed over again as a new one, once for its key", arguments: Backend.allCases)
    func retried(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
            await #expect(throws: UpstreamDown.self) {
                try await client.withProject(userId: "ana", credits: 40, name: "Trailer") { _ in throw UpstreamDown() }
            }
            let failed = try #require(try await client.listProjects(userId: "ana").projects.first).projectId
            let again = try await client.withRetry(of: failed, idempotencyKey: "again") { project in
                #expect(project.retryOf == failed && project.status == .pending)
                return "sda-2"
            }
            #expect(again.status == .processing && again.externalId == "sda-2" && again.name == "Trailer")
            let repeated = try await client.withRetry(of: failed, idempotencyKey: "again") { _ in
                Issue.record("the body ran")
                return "never"
            }
            #expect(repeated == again)
            #expect(try await client.getBalance(userId: "ana") == Balance(userId: "ana", available: 60, held: 40))
            let error = await #expect(throws: ClientError.self) {
                try await client.withRetry(of: again.projectId) { _ in "never" }
            }
            #expect(error?.kind == .invalidTransition)
        }
    }

    @Test("a task that is cancelled already charges nothing", arguments: Backend.allCases)
    func cancelledBefore(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await client.withProject(userId: "ana", credits: 40) { _ in "never" }
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await client.listProjects(userId: "ana").projects.isEmpty)
        }
    }

    @Test("a user who cannot pay is refused before the body runs", arguments: Backend.allCases)
    func cannotPay(_ backend: Backend) async throws {
        try await backend.withClient { client in
            let error = await #expect(throws: ClientError.self) {
                try await client.withProject(userId: "ana", credits: 40) { _ in
                    Issue.record("the body ran")
                    return "never"
                }
            }
            #expect(error?.kind == .insufficientCredits)
        }
    }

    @Test("under a used key the body runs again only while the project is pending", arguments: Backend.allCases)
    func replays(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
            let created = try await client.createProject(userId: "ana", credits: 40, idempotencyKey: "k").project
            let resumed = try await client.withProject(userId: "ana", credits: 40, idempotencyKey: "k") { project in
                #expect(project == created)
                return "sda-1"
            }
            #expect(resumed.projectId == created.projectId && resumed.status == .processing)
            let again = try await client.withProject(userId: "ana", credits: 40, idempotencyKey: "k") { _ in
                Issue.record("the body ran twice")
                return "sda-2"
            }
            #expect(again == resumed)
            #expect(try await client.getBalance(userId: "ana").held == 40)
        }
    }

    @Test(
        "a replayed project whose body throws stays as it is: another process may be starting it",
        arguments: Backend.allCases)
    func replayedBodyThrows(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
            let created = try await client.createProject(userId: "ana", credits: 40, idempotencyKey: "k").project
            await #expect(throws: UpstreamDown.self) {
                try await client.withProject(userId: "ana", credits: 40, idempotencyKey: "k") { _ in
                    throw UpstreamDown()
                }
            }
            #expect(try await client.getStatus(created.projectId).status == .pending)
            #expect(try await client.getBalance(userId: "ana").held == 40)

            _ = try await client.updateStatus(created.projectId, .failed)
            let again = try await client.retryProject(created.projectId, idempotencyKey: "again").project
            await #expect(throws: UpstreamDown.self) {
                try await client.withRetry(of: created.projectId, idempotencyKey: "again") { _ in throw UpstreamDown() }
            }
            #expect(try await client.getStatus(again.projectId).status == .pending)

            // The process that made it reports, as before.
            await #expect(throws: UpstreamDown.self) {
                try await client.withProject(userId: "ana", credits: 40, idempotencyKey: "own") { _ in
                    throw UpstreamDown()
                }
            }
            #expect(try await client.getBalance(userId: "ana").held == 40)
        }
    }

    @Test("a verdict that came while the body ran is told", arguments: Backend.allCases)
    func overtaken(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
            let error = await #expect(throws: ClientError.self) {
                try await client.withProject(userId: "ana", credits: 40) { project in
                    _ = try await client.updateStatus(project.projectId, .failed, errorCode: "crashed")
                    return "sda-1"
                }
            }
            #expect(error?.kind == .terminalState)
            #expect(try await client.getBalance(userId: "ana").available == 100)
        }
    }

    @Test("when the process dies in the body, the start timeout gives the credits back")
    func dies() async throws {
        let clock = ManualClock()
        let client = LifecycleClient.inProcess(clock: clock)
        _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
        // What a death leaves behind: a project that was created, and nobody who reports.
        _ = try await client.createProject(userId: "ana", credits: 40, startTimeout: 600)
        clock.advance(by: .seconds(599))
        #expect(try await client.getBalance(userId: "ana").held == 40)
        clock.advance(by: .seconds(1))
        #expect(try await client.getBalance(userId: "ana") == Balance(userId: "ana", available: 100, held: 0))
        #expect(try await client.listProjects().projects.map(\.errorCode) == ["startTimeout"])
    }
}
