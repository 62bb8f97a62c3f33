import Foundation
import LifecycleClient
import LifecycleTesting
import TestSupport
import Testing

@Suite("The client's watch, in process and over the socket", .timeLimit(.minutes(60)))
struct ClientWatchTests {
    /// The next events of a sequence.
    private static func take(_ count: Int, of events: EventSequence) async throws -> [Event] {
        var taken: [Event] = []
        for try await event in events {
            taken.append(event)
            if taken.count == count { break }
        }
        return taken
    }

    @Test("what was, then what comes, in order", arguments: Backend.allCases)
    func replayAndLive(_ backend: Backend) async throws {
        try await backend.withClient { client in
            for _ in 0..<300 { _ = try await client.grantCredits(userId: "ana", credits: 1, reason: "r") }
            let watching = Task { try await Self.take(303, of: client.watch(fromSeq: 0)) }
            let id = try await client.createProject(userId: "ana", credits: 40).project.projectId
            _ = try await client.updateStatus(id, .processing)
            _ = try await client.updateStatus(id, .completed)
            let events = try await watching.value
            #expect(events.map(\.seq) == Array(1...303))
            #expect(events.suffix(3).map(\.kind) == [.created, .processing, .completed])
            #expect(try await client.explainProject(id).events == Array(events.suffix(3)))
        }
    }

    @Test("without a number: what comes from the first next() on", arguments: Backend.allCases)
    func fromNowOn(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 9, reason: "before")
            let watching = Task { try await Self.take(1, of: client.watch(userId: "ana")) }
            // Until one of them is seen: when the watch begins is not ours to say.
            let granting = Task {
                while !Task.isCancelled {
                    _ = try await client.grantCredits(userId: "eve", credits: 1, reason: "hers")
                    _ = try await client.grantCredits(userId: "ana", credits: 1, reason: "after")
                }
            }
            #expect(try await watching.value.first?.detail == "1 credits: after")
            granting.cancel()
            _ = await granting.result
        }
    }

    @Test("tells when it has begun: whatever comes then is given", arguments: Backend.allCases)
    func begins(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = try await client.grantCredits(userId: "ana", credits: 9, reason: "before")
            let (begun, source) = AsyncStream.makeStream(of: Int64.self)
            let watching = Task { try await Self.take(1, of: client.watch(userId: "ana") { source.yield($0) }) }
            var positions = begun.makeAsyncIterator()
            #expect(await positions.next() == 1)
            _ = try await client.grantCredits(userId: "ana", credits: 1, reason: "after")
            #expect(try await watching.value.map(\.seq) == [2])
        }
    }

    @Test("filters by user and by project", arguments: Backend.allCases)
    func filters(_ backend: Backend) async throws {
        try await backend.withClient { client in
            let first = try await client.createProject(userId: "ana", credits: 0).project.projectId
            _ = try await client.createProject(userId: "eve", credits: 0)
            _ = try await client.createProject(userId: "ana", credits: 0)
            _ = try await client.updateStatus(first, .failed)
            #expect(try await Self.take(3, of: client.watch(userId: "ana", fromSeq: 0)).map(\.seq) == [1, 3, 4])
            #expect(try await Self.take(2, of: client.watch(projectId: first, fromSeq: 0)).map(\.seq) == [1, 4])
            #expect(try await Self.take(1, of: client.watch(projectId: first, fromSeq: 1)).map(\.kind) == [.failed])
        }
    }

    @Test("what the daemon refuses is thrown", arguments: Backend.allCases)
    func refused(_ backend: Backend) async throws {
        try await backend.withClient { client in
            for (events, kind) in [
                (client.watch(fromSeq: 1), ErrorKind.invalidParams), (client.watch(fromSeq: -1), .invalidParams),
                (client.watch(userId: ""), .invalidParams),
                (client.watch(projectId: ProjectID(high: 1, low: 1)), .projectNotFound),
            ] {
                _ = await expectRefusal(kind) { () throws(ClientError) in
                    var iterator = events.makeAsyncIterator()
                    return try await iterator.next()
                }
            }
        }
    }

    @Test("ends when the task is cancelled, and when the client is closed", arguments: Backend.allCases)
    func ends(_ backend: Backend) async throws {
        try await backend.withClient { client in
            let cancelled = Task { try await Self.take(1, of: client.watch()) }
            let early = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await Self.take(1, of: client.watch(fromSeq: 0))
            }
            _ = try await client.grantCredits(userId: "ana", credits: 1, reason: "r")
            #expect(try await early.value.isEmpty)
            cancelled.cancel()
            _ = try await cancelled.value

            let closed = Task { try await Self.take(2, of: client.watch(fromSeq: 0)) }
            await client.close()
            #expect(try await closed.value.count < 2)
            #expect(try await Self.take(1, of: client.watch(fromSeq: 0)).isEmpty)
        }
    }

    @Test("who breaks out of the loop leaves no connection behind")
    func leavesNothing() async throws {
        let daemon = try TestDaemon()
        try daemon.grant("ana")
        let client = LifecycleClient(socketPath: daemon.socket)
        for _ in 0..<20 { #expect(try await Self.take(1, of: client.watch(fromSeq: 0)).count == 1) }
        let metrics = try daemon.connect()
        try await waitWithoutThread(for: "the connections to end") {
            try metrics.call("getMetrics").metric("gauges", "lifecycle_connections") == 1
        }
        #expect(try await Self.take(1, of: client.watch(fromSeq: 0)).count == 1)
    }

    @Test("one that takes nothing leaves it to the daemon, and gets everything later")
    func backPressure() async throws {
        let daemon = try TestDaemon()
        try daemon.grantAtOnce("ana", times: 20_000)
        let client = LifecycleClient(socketPath: daemon.socket)
        var events = client.watch(fromSeq: 0).makeAsyncIterator()
        #expect(try await events.next()?.seq == 1)
        // Calls of the same client go on meanwhile.
        for _ in 0..<300 { _ = try await client.getBalance(userId: "ana") }
        for seq in Int64(2)...20_000 { try #require(try await events.next()?.seq == seq) }
    }

    @Test("restarts and kill -9 of the daemon leave no gap and repeat nothing")
    func restarts() async throws {
        let daemon = try TestDaemon()
        let client = LifecycleClient(socketPath: daemon.socket)
        let events = Box<[Event]>([])
        let watching = (0..<3).map { _ in
            Task {
                var own: [Event] = []
                for try await event in client.watch(fromSeq: 0) {
                    own.append(event)
                    events.change { $0.append(event) }
                    if event.userId == "end" { break }
                }
                return own
            }
        }
        try await inThread {
            for round in 0..<6 {
                try daemon.grantAtOnce("ana", times: 100)
                try waitFor("events") { events.value.count > 250 * (round + 1) }
                try daemon.grantAtOnce("ana", times: 100)
                if round % 2 == 0 { daemon.kill() } else { daemon.stop() }
                try daemon.start()
            }
            try daemon.grant("end")
        }
        for watch in watching { #expect(try await watch.value.map(\.seq) == Array(1...1201)) }
    }

    @Test("a ledger that has not come so far is refused, not waited for")
    func olderLedger() async throws {
        let daemon = try TestDaemon()
        let client = LifecycleClient(socketPath: daemon.socket)
        try daemon.grant("ana", times: 3)
        var events = client.watch(fromSeq: 0).makeAsyncIterator()
        for seq in Int64(1)...3 { #expect(try await events.next()?.seq == seq) }
        daemon.stop()
        for suffix in ["", "-wal", "-shm", ".created"] { unlink(daemon.database + suffix) }
        for file in try FileManager.default.contentsOfDirectory(atPath: daemon.folder) where file.hasPrefix("l.db") {
            unlink(daemon.folder + "/" + file)
        }
        try daemon.start()
        do throws(ClientError) {
            _ = try await events.next()
            Issue.record("an error was expected")
        } catch {
            #expect(error.kind == .invalidParams)
        }
    }
}

@Suite("Waiting for a project's end", .timeLimit(.minutes(60)))
struct ClientWaitTests {
    @Test("gives the project with its verdict", arguments: Backend.allCases, [Status.completed, .failed])
    func verdict(_ backend: Backend, _ status: Status) async throws {
        try await backend.withClient { client in
            let id = try await client.createProject(userId: "ana", credits: 0).project.projectId
            let waiting = (0..<4).map { _ in Task { try await client.wait(for: id) } }
            _ = try await client.updateStatus(id, .processing)
            _ = try await client.updateStatus(id, status)
            for task in waiting { #expect(try await task.value.status == status) }
            #expect(try await client.wait(for: id).status == status)
        }
    }

    @Test("throws for an unknown project, for a cancelled task and for a closed client", arguments: Backend.allCases)
    func errors(_ backend: Backend) async throws {
        try await backend.withClient { client in
            _ = await expectRefusal(.projectNotFound) { () throws(ClientError) in
                try await client.wait(for: ProjectID(high: 1, low: 1))
            }
            let id = try await client.createProject(userId: "ana", credits: 0).project.projectId
            let cancelled = Task { try await client.wait(for: id) }
            cancelled.cancel()
            let first = await cancelled.result.failure as? ClientError
            #expect(first?.code == .cancelled)
            let closed = Task { try await client.wait(for: id) }
            await client.close()
            #expect((await closed.result.failure as? ClientError)?.code == .closed)
        }
    }

    @Test("in process a project ends when its clock says so")
    func clock() async throws {
        let clock = ManualClock()
        let client = LifecycleClient.inProcess(clock: clock)
        let id = try await client.createProject(userId: "ana", credits: 0, startTimeout: 60).project.projectId
        let waiting = Task { try await client.wait(for: id) }
        clock.advance(by: .seconds(61))
        let project = try await waiting.value
        #expect(project.status == .failed && project.errorCode == "startTimeout")
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
