import Foundation
import LifecycleClient
import TestSupport
import Testing

@Suite("A daemon that is restarted under its clients", .serialized, .timeLimit(.minutes(60)))
struct RestartTests {
    private static func client(_ daemon: TestDaemon) -> LifecycleClient {
        var configuration = ClientConfiguration(socketPath: daemon.socket)
        configuration.callTimeout = .seconds(300)
        configuration.connectTimeout = .seconds(300)
        return LifecycleClient(configuration)
    }

    /// - Returns: how many calls were found carried out when they were sent again.
    private func run(
        clients count: Int, calls: Int, stops: Int, seed: UInt64, stop: @escaping @Sendable (TestDaemon) throws -> Void
    ) async throws -> Int {
        let daemon = try TestDaemon()
        let clients = (0..<count).map { _ in Self.client(daemon) }
        let load = RestartLoad(clients, tasks: 50, calls: calls, seed: seed)
        async let disturbance: Void = load.disturb(daemon, times: stops, stop: stop)
        let books = try await load.run()
        try await disturbance
        // Every call may be repeated, and the daemon is never away for as long as they wait: none may fail.
        #expect(books.complaints.isEmpty, "\(books.complaints.count): \(books.complaints.prefix(5))")
        #expect(load.endedCalls == load.allCalls && load.allCalls == calls)
        try await load.compare(books, with: clients[0])
        for client in clients {
            #expect(client.pendingCalls == 0)
            await client.close()
        }
        #expect(daemon.logLines.filter { $0.contains(" ready ") }.count == stops + 1)
        #expect(!daemon.log.contains("inconsistent"))
        #expect(daemon.stop() == 0)
        return books.repeated
    }

    @Test("10 000 calls from 50 tasks over 20 kill -9: each is done once, and each succeeds")
    func kills() async throws {
        let seed = SeededRandom.seed(for: "restarts, kill -9")
        let repeated = try await run(clients: 1, calls: 10_000, stops: 20, seed: seed) { daemon in
            daemon.kill()
            #expect(daemon.exitCode() == -SIGKILL)
        }
        print("restarts, kill -9: \(repeated) writes were done and not answered")
    }

    @Test("3000 calls of two clients over 6 orderly stops: each is done once, and what was done was answered")
    func stops() async throws {
        let seed = SeededRandom.seed(for: "restarts, SIGTERM")
        let repeated = try await run(clients: 2, calls: 3000, stops: 6, seed: seed) { daemon in
            #expect(daemon.stop() == 0)
        }
        #expect(repeated == 0)
    }
}
