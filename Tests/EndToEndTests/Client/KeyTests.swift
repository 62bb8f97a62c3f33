import LifecycleClient
import TestSupport
import Testing

@Suite("The key in a call's error", .timeLimit(.minutes(60)))
struct KeyTests {
    @Test("a create that was given up, called again with the key of its error, is charged once")
    func timedOut() async throws {
        let daemon = try TestDaemon()
        let client = LifecycleClient(socketPath: daemon.socket)
        _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
        try daemon.freeze()
        let error = await #expect(throws: ClientError.self) {
            try await client.call(CreateProject(userId: "ana", credits: 40), timeout: .milliseconds(100))
        }
        daemon.thaw()
        #expect(error?.code == .timedOut && error?.outcome == .unknown)
        let key = try #require(error?.idempotencyKey)
        #expect(error?.hint.contains("idempotencyKey") == true)
        #expect(error?.description.contains(key) == false, "it may be a customer's")
        let created = try await client.createProject(userId: "ana", credits: 40, idempotencyKey: key)
        #expect(created.balance == Balance(userId: "ana", available: 60, held: 40))
        #expect(try await client.listProjects(userId: "ana").projects.count == 1)
    }

    @Test("is there for every call that has one, given or made, and for no other", arguments: Backend.allCases)
    func always(_ backend: Backend) async throws {
        try await backend.withClient { client in
            let made = await #expect(throws: ClientError.self) {
                try await client.createProject(userId: "ana", credits: 1)
            }
            #expect(made?.kind == .insufficientCredits && made?.idempotencyKey?.isEmpty == false)
            let given = await #expect(throws: ClientError.self) {
                try await client.grantCredits(userId: "ana", credits: 0, reason: "r", idempotencyKey: "mine")
            }
            #expect(given?.idempotencyKey == "mine")
            let handed = await #expect(throws: ClientError.self) {
                try await client.withProject(userId: "ana", credits: 1) { _ in "never" }
            }
            #expect(handed?.idempotencyKey?.isEmpty == false)
            let none = await #expect(throws: ClientError.self) {
                try await client.getStatus(ProjectID("019ab0c4-5d2e-7a31-8c11-2f60b1f6a0de") ?? .init(high: 0, low: 0))
            }
            #expect(none?.kind == .projectNotFound && none?.idempotencyKey == nil)
        }
    }
}
