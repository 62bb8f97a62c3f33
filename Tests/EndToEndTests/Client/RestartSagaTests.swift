import Foundation
import LifecycleClient
import ServiceLifecycle
import TestSupport
import Testing

@Suite("Calls that are under way when something ends", .serialized, .timeLimit(.minutes(60)))
struct RestartSagaTests {
    struct UpstreamDown: Error {}

    private let daemon: TestDaemon
    private let client: LifecycleClient

    init() throws {
        daemon = try TestDaemon()
        var configuration = ClientConfiguration(socketPath: daemon.socket)
        configuration.callTimeout = .seconds(300)
        configuration.connectTimeout = .seconds(300)
        client = LifecycleClient(configuration)
    }

    private func grant() async throws {
        _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
    }

    @Test("a cancelled task does not cancel the creation that it sent")
    func cancelledCreate() async throws {
        try await grant()
        try daemon.freeze()
        let call = Task { try await client.createProject(userId: "ana", credits: 40, idempotencyKey: "k") }
        try await waitWithoutThread(for: "the request on its way") { client.sentCalls == 1 }
        call.cancel()
        // It gives up at once: nobody can answer yet.
        let error = await #expect(throws: ClientError.self) { try await call.value }
        #expect(error?.code == .cancelled && error?.outcome == .unknown)
        daemon.thaw()
        let again = try await client.createProject(userId: "ana", credits: 40, idempotencyKey: "k")
        #expect(again.replayed && again.project.status == .pending)
        #expect(again.balance == Balance(userId: "ana", available: 60, held: 40))
        #expect(try await client.listProjects().projects == [again.project])
    }

    @Test("a task cancelled in withProject's creation gets its credits back, though the creation was sent")
    func cancelledSaga() async throws {
        try await grant()
        try daemon.freeze()
        let saga = Task {
            try await client.withProject(userId: "ana", credits: 40) { _ in
                Issue.record("the body ran")
                return "never"
            }
        }
        try await waitWithoutThread(for: "the request on its way") { client.sentCalls == 1 }
        saga.cancel()
        daemon.thaw()
        await #expect(throws: CancellationError.self) { try await saga.value }
        #expect(try await client.getBalance(userId: "ana") == Balance(userId: "ana", available: 100, held: 0))
        #expect(try await client.listProjects().projects.map(\.errorCode) == ["createFailed"])
    }

    @Test("a report that was sent when its task was cancelled counts")
    func cancelledReport() async throws {
        try await grant()
        let id = try await client.createProject(userId: "ana", credits: 40).project.projectId
        try daemon.freeze()
        let call = Task { try await client.updateStatus(id, .failed, errorMessage: "no disk") }
        try await waitWithoutThread(for: "the report on its way") { client.sentCalls == 1 }
        call.cancel()
        await #expect(throws: ClientError.self) { try await call.value }
        daemon.thaw()
        let again = try await client.updateStatus(id, .failed)
        #expect(!again.changed && again.creditsRefunded == 40 && again.project.errorMessage == "no disk")
    }

    @Test("a project whose daemon is killed and restarted in the body is processing afterwards")
    func restartInBody() async throws {
        try await grant()
        let project = try await client.withProject(userId: "ana", credits: 40) { created in
            daemon.kill()
            try daemon.start()
            #expect(created.status == .pending)
            return "sda-1"
        }
        #expect(project.status == .processing && project.externalId == "sda-1")
        #expect(try await client.getStatus(externalId: "sda-1") == project)
        #expect(try await client.getBalance(userId: "ana") == Balance(userId: "ana", available: 60, held: 40))
    }

    @Test("a project whose daemon comes back after the body has returned is processing")
    func restartAfterBody() async throws {
        try await grant()
        let saga = Task {
            try await client.withProject(userId: "ana", credits: 40) { _ in
                daemon.kill()
                return "sda-1"
            }
        }
        try await waitWithoutThread(for: "a report without a daemon") { client.pendingCalls == 1 && client.isCutOff }
        try daemon.start()
        let project = try await saga.value
        #expect(project.status == .processing && project.externalId == "sda-1")
    }

    @Test("a body that throws while the daemon is away gets the credits back when it returns")
    func throwsWithoutDaemon() async throws {
        try await grant()
        let saga = Task {
            try await client.withProject(userId: "ana", credits: 40) { _ in
                daemon.kill()
                throw UpstreamDown()
            }
        }
        try await waitWithoutThread(for: "a report without a daemon") { client.pendingCalls == 1 && client.isCutOff }
        try daemon.start()
        await #expect(throws: UpstreamDown.self) { try await saga.value }
        #expect(try await client.getBalance(userId: "ana") == Balance(userId: "ana", available: 100, held: 0))
        let project = try #require(try await client.listProjects().projects.first)
        #expect(project.status == .failed && project.errorCode == "createFailed")
        #expect(project.errorMessage == "UpstreamDown()")
    }

    @Test("a body's error arrives also when its failure cannot be reported; the start timeout is left")
    func neverReported() async throws {
        var configuration = ClientConfiguration(socketPath: daemon.socket)
        configuration.connectTimeout = .zero
        let impatient = LifecycleClient(configuration)
        try await grant()
        await #expect(throws: UpstreamDown.self) {
            try await impatient.withProject(userId: "ana", credits: 40, startTimeout: 600) { _ in
                daemon.kill()
                throw UpstreamDown()
            }
        }
        try daemon.start()
        let project = try #require(try await client.listProjects().projects.first)
        #expect(project.status == .pending)
        #expect(project.deadline?.milliseconds == project.createdAt.milliseconds + 600_000)
    }

    @Test("a service group's graceful shutdown waits for the call in flight, and then the client ends")
    func service() async throws {
        try await grant()
        let group = ServiceGroup(services: [client])
        let isOver = Box(false)
        let running = Task {
            try await group.run()
            isOver.change { $0 = true }
        }
        try daemon.freeze()
        let call = Task { try await client.createProject(userId: "ana", credits: 40, idempotencyKey: "k") }
        try await waitWithoutThread(for: "the request on its way") { client.sentCalls == 1 }
        await group.triggerGracefulShutdown()
        try await waitWithoutThread(for: "the shutdown") { client.isEnding }
        let late = await #expect(throws: ClientError.self) { try await client.getBalance(userId: "ana") }
        #expect(late?.code == .closed && late?.outcome == .notDone)
        #expect(client.sentCalls == 1 && !isOver.value)
        daemon.thaw()
        #expect(try await call.value.balance == Balance(userId: "ana", available: 60, held: 40))
        try await running.value
        #expect(isOver.value && client.pendingCalls == 0)
    }

    /// Runs a client, and says when it has ended as a service.
    private struct ClientService: Service {
        let client: LifecycleClient
        let isOver: Box<Bool>

        func run() async throws {
            try await client.run()
            isOver.change { $0 = true }
        }
    }

    /// A web app whose upstream does not answer until everything is cancelled, and the client's service has ended.
    private struct App: Service {
        let client: LifecycleClient
        let isStarted: Box<Bool>
        let isClientOver: Box<Bool>

        func run() async throws {
            _ = try await client.withProject(userId: "ana", credits: 40) { _ in
                isStarted.change { $0 = true }
                while !isClientOver.value { await Task.yield() }
                throw UpstreamDown()
            }
        }
    }

    @Test("when a service group is cancelled, what fails by that is still reported, and the credits come back")
    func cancelledGroup() async throws {
        try await grant()
        let (isStarted, isClientOver) = (Box(false), Box(false))
        let group = ServiceGroup(services: [
            ClientService(client: client, isOver: isClientOver),
            App(client: client, isStarted: isStarted, isClientOver: isClientOver),
        ])
        let running = Task { try await group.run() }
        try await waitWithoutThread(for: "the body") { isStarted.value }
        running.cancel()
        _ = await running.result
        let balance = try daemon.call("getBalance", ["userId": "ana"])
        #expect(balance.int("available") == 100, "\(balance.line)")
    }
}
