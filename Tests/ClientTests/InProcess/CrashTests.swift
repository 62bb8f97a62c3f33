import LifecycleClient
import LifecycleTesting
import Testing

@Suite("A daemon that crashes in process")
struct CrashTests {
    private let daemon = InProcessDaemon()

    /// Ana has 100 credits.
    private func client() async throws -> LifecycleClient {
        let client = daemon.makeClient()
        _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
        return client
    }

    private func error(_ call: () async throws(ClientError) -> some Any) async -> ClientError? {
        do throws(ClientError) {
            _ = try await call()
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "the call's outcome is unknown; with its key it is done once",
        arguments: [(CrashPoint.beforeCommit, Int64(100)), (.afterCommit, 60)])
    func create(point: CrashPoint, left: Int64) async throws {
        let client = try await client()
        daemon.crash(point)
        let error = await error { () async throws(ClientError) in
            try await client.createProject(userId: "ana", credits: 40)
        }
        #expect(error?.code == .connectionLost && error?.outcome == .unknown)
        #expect(try await client.getBalance(userId: "ana").available == left)
        let key = try #require(error?.idempotencyKey)
        let again = try await client.createProject(userId: "ana", credits: 40, idempotencyKey: key)
        #expect(again.replayed == (point == .afterCommit))
        #expect(again.balance == Balance(userId: "ana", available: 60, held: 40))
        #expect(try await client.listProjects().projects.map(\.projectId) == [again.project.projectId])
    }

    @Test("it crashes once, in a write that is not refused")
    func once() async throws {
        let client = try await client()
        daemon.crash(.afterCommit)
        #expect(try await client.getBalance(userId: "ana").available == 100)
        let refused = await error { () async throws(ClientError) in
            try await client.createProject(userId: "ana", credits: 101)
        }
        #expect(refused?.kind == .insufficientCredits)
        let lost = await error { () async throws(ClientError) in
            try await client.createProject(userId: "ana", credits: 1)
        }
        #expect(lost?.code == .connectionLost)
        #expect(try await client.createProject(userId: "ana", credits: 1).balance.held == 2)
    }

    @Test("a report that is refused before the crash is recorded")
    func refusedReport() async throws {
        let client = try await client()
        let project = try await client.createProject(userId: "ana", credits: 40).project.projectId
        _ = try await client.updateStatus(project, .completed)
        daemon.crash(.beforeCommit)
        let refused = await error { () async throws(ClientError) in try await client.updateStatus(project, .failed) }
        #expect(refused?.kind == .terminalState)
        #expect(try await client.explainProject(project).refusedReports == 1)
        let lost = await error { () async throws(ClientError) in
            try await client.createProject(userId: "ana", credits: 1)
        }
        #expect(lost?.code == .connectionLost)
    }

    @Test("a project whose start could not be reported is refunded by the daemon's clock")
    func startReport() async throws {
        let client = try await client()
        await #expect(throws: ClientError.self) {
            try await client.withProject(userId: "ana", credits: 40, startTimeout: 600) { _ in
                daemon.crash(.beforeCommit)
                return "upstream-1"
            }
        }
        #expect(try await client.getBalance(userId: "ana").held == 40)
        daemon.clock.advance(by: .seconds(600))
        #expect(try await client.getBalance(userId: "ana").available == 100)
    }

    @Test("after it leases last their whole time again, as nobody could report")
    func leases() async throws {
        let client = try await client()
        let project = try await client.createProject(userId: "ana", credits: 40).project.projectId
        let deadline = try #require(try await client.updateStatus(project, .processing).project.deadline)
        daemon.clock.set(to: Timestamp(milliseconds: deadline.milliseconds - 1))
        daemon.crash(.beforeCommit)
        await #expect(throws: ClientError.self) {
            try await client.grantCredits(userId: "ana", credits: 1, reason: "lost")
        }
        daemon.clock.advance(by: .milliseconds(1))
        #expect(try await client.getStatus(project).status == .processing)
        let grace = try #require(try await client.getStatus(project).deadline)
        daemon.clock.set(to: Timestamp(milliseconds: grace.milliseconds - 1))
        #expect(try await client.getStatus(project).status == .processing)
        daemon.clock.advance(by: .milliseconds(1))
        #expect(try await client.getStatus(project).errorCode == "leaseExpired")
    }

    @Test("watches of other clients continue, and miss and repeat nothing")
    func watches() async throws {
        let client = try await client()
        var events = daemon.makeClient().watch(fromSeq: 0).makeAsyncIterator()
        #expect(try await events.next()?.kind == .granted)
        for point in [CrashPoint.beforeCommit, .afterCommit] {
            daemon.crash(point)
            await #expect(throws: ClientError.self) { try await client.createProject(userId: "ana", credits: 1) }
        }
        _ = try await client.grantCredits(userId: "ana", credits: 1, reason: "more")
        #expect(try await events.next()?.kind == .created)
        #expect(try await events.next()?.kind == .granted)
    }
}
