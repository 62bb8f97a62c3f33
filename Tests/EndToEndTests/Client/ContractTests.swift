import LifecycleClient
import Testing

@Suite("The client's calls, in process and over the socket")
struct ContractTests {
    @Test("a project's life: charged, processing, completed", arguments: Backend.allCases)
    func completes(_ backend: Backend) async throws {
        try await backend.withClient { client in
            #expect(try await client.getBalance(userId: "ana") == Balance(userId: "ana", available: 0, held: 0))
            let granted = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
            #expect(granted.entry.kind == .grant && granted.balance.available == 100)

            let created = try await client.createProject(
                userId: "ana", credits: 40, name: "a red bicycle", metadata: Metadata(json: #"{"seed": 7}"#))
            #expect(created.balance == Balance(userId: "ana", available: 60, held: 40))
            #expect(created.project.status == .pending && created.project.metadata?.json == #"{"seed":7}"#)

            let id = created.project.projectId
            let started = try await client.updateStatus(id, .processing, externalId: "sda-1")
            #expect(started.changed && started.project.startedAt != nil)
            #expect(try await client.getStatus(externalId: "sda-1") == started.project)

            let completed = try await client.updateStatus(externalId: "sda-1", .completed)
            #expect(completed.balance == Balance(userId: "ana", available: 60, held: 0))
            #expect(try await client.updateStatus(id, .completed).changed == false)
            let story = try await client.explainProject(id)
            #expect(story.entries.map(\.kind) == [.charge, .capture])
            #expect(story.events.map(\.kind) == [.created, .externalIdRecorded, .processing, .completed])
            #expect(try await client.audit().ok)
        }
    }

    @Test("a failure gives the credits back, once", arguments: Backend.allCases)
    func refunds(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
            let id = try await client.createProject(userId: "ana", credits: 40).project.projectId
            let failed = try await client.updateStatus(id, .failed, errorMessage: "no disk", errorCode: "crashed")
            #expect(failed.creditsRefunded == 40 && failed.balance.available == 100)
            #expect(failed.project.errorMessage == "no disk" && failed.project.errorCode == "crashed")
            #expect(try await client.updateStatus(id, .failed).balance.available == 100)
            let refusal = await expectRefusal(.terminalState) { () throws(ClientError) in
                try await client.updateStatus(id, .completed)
            }
            #expect(refusal?.text("status") == "failed" && refusal?.integer("creditsRefunded") == 40)
        }
    }

    @Test("errors carry the daemon's word and its fields", arguments: Backend.allCases)
    func errors(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 10, reason: "sign-up")
            let poor = await expectRefusal(.insufficientCredits) { () throws(ClientError) in
                try await client.createProject(userId: "ana", credits: 40)
            }
            #expect(poor?.integer("available") == 10 && poor?.integer("required") == 40)
            #expect(poor?.hint.isEmpty == false)
            let dear = await expectRefusal(.amountOutOfRange) { () throws(ClientError) in
                try await client.createProject(userId: "ana", credits: 1_000_001)
            }
            #expect(dear?["maximum"] == .integer(1_000_000))
            _ = await expectRefusal(.invalidParams) { () throws(ClientError) in
                try await client.getBalance(userId: "")
            }
            _ = await expectRefusal(.projectNotFound) { () throws(ClientError) in
                try await client.getStatus(externalId: "nobody's")
            }
            _ = await expectRefusal(.methodNotFound) { () throws(ClientError) in
                try await client.call(method: "makeCoffee")
            }
            _ = await expectRefusal(.invalidParams) { () throws(ClientError) in
                try await client.call(GetStatus())
            }
            _ = await expectRefusal(.parseError) { () throws(ClientError) in
                try await client.call(method: "getBalance", params: "{")
            }
            _ = await expectRefusal(.requestTooLarge) { () throws(ClientError) in
                try await client.getBalance(userId: String(repeating: "a", count: 1 << 20))
            }
        }
    }

    @Test("a key charges once; other parameters under it are a conflict", arguments: Backend.allCases)
    func keys(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
            let first = try await client.createProject(userId: "ana", credits: 40, idempotencyKey: "k")
            let again = try await client.createProject(userId: "ana", credits: 40, idempotencyKey: "k")
            #expect(!first.replayed && again.replayed && again.project == first.project)
            #expect(again.balance.available == 60)
            let conflict = await expectRefusal(.idempotencyConflict) { () throws(ClientError) in
                try await client.createProject(userId: "ana", credits: 41, idempotencyKey: "k")
            }
            #expect(conflict?["differs"] == .list(["credits"]))
            // Without one, each call is a project of its own.
            _ = try await client.createProject(userId: "ana", credits: 1)
            _ = try await client.createProject(userId: "ana", credits: 1)
            #expect(try await client.getBalance(userId: "ana").held == 42)
        }
    }

    @Test("lists come page by page, with figures that add up", arguments: Backend.allCases)
    func lists(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
            for index in 0..<5 {
                let id = try await client.createProject(userId: "ana", credits: 10).project.projectId
                if index < 2 { _ = try await client.updateStatus(id, .failed) }
            }
            var pages: [[Project]] = []
            var cursor: ProjectID?
            repeat {
                let page = try await client.listProjects(userId: "ana", limit: 2, cursor: cursor, includeStats: true)
                #expect(page.stats?.total == 5 && page.stats?.creditsRefunded == 20 && page.stats?.creditsHeld == 30)
                pages.append(page.projects)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(pages.map(\.count) == [2, 2, 1])
            #expect(try await client.listProjects(status: [.failed, .completed]).projects.count == 2)
            let entries = try await client.listEntries(userId: "ana", limit: 3)
            #expect(entries.entries.map(\.kind) == [.charge, .charge, .charge] && entries.nextCursor != nil)
            #expect(try await client.adjustCredits(userId: "ana", credits: -70, reason: "gone").balance.available == 0)
        }
    }

    @Test("metadata as deep as a request allows comes back", arguments: Backend.allCases)
    func deepMetadata(_ backend: Backend) async throws {
        try await backend.withClient { client in
            let text = #"{"a":"# + String(repeating: "[", count: 60) + String(repeating: "]", count: 60) + "}"
            let created = try await client.createProject(userId: "ana", credits: 0, metadata: Metadata(json: text))
            #expect(created.project.metadata?.json == text)
            #expect(try await client.listProjects(userId: "ana").projects == [created.project])
        }
    }

    @Test("what this version has no type for is called by its name", arguments: Backend.allCases)
    func rawCall(_ backend: Backend) async throws {
        try await backend.withClient { client in
            let result = try await client.call(method: "getBalance", params: #"{ "userId" : "ana" }"#)
            #expect(result == #"{"userId":"ana","available":0,"held":0}"#)
            #expect(try await client.call(method: "getBalance", params: #"["ana"]"#) == result)
        }
    }

    @Test("the health check tells the daemon's version", arguments: Backend.allCases)
    func health(_ backend: Backend) async throws {
        try await backend.withClient { client in
            let health = try await client.checkHealth()
            #expect(health.version.split(separator: ".").count == 3)
            #expect(health.latency > .zero)
            #expect(try await client.getMetrics().counters.isEmpty == false)
        }
    }

    @Test("a closed client refuses further calls", arguments: Backend.allCases)
    func closes(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.getBalance(userId: "ana")
            await client.close()
            await client.close()
            let error = await #expect(throws: ClientError.self) { try await client.getBalance(userId: "ana") }
            #expect(error?.code == .closed && error?.outcome == .notDone)
        }
    }
}
