import LifecycleClient
import TestSupport
import Testing

@Suite("A lease that the Swift client holds", .timeLimit(.minutes(60)))
struct ClientLeaseTests {
    private func daemon() throws -> TestDaemon { try TestDaemon(["--lease", "600", "--detach-grace", "1"]) }

    private func client(_ daemon: TestDaemon) -> LifecycleClient {
        var configuration = ClientConfiguration(socketPath: daemon.socket)
        configuration.idleTimeout = .milliseconds(50)
        return LifecycleClient(configuration)
    }

    /// A project whose holder is gone at once: when it has failed, a whole grace is over.
    private func passGrace(_ daemon: TestDaemon) throws {
        let id = try daemon.begin(1)[0]
        let connection = try daemon.connect()
        _ = try connection.call("heartbeat", ["projectId": id, "attach": true])
        connection.close()
        try daemon.waitForEnd(of: id, "crashed")
    }

    @Test("lives through an idle time, through a restart of the daemon, and ends with the client")
    func lives() async throws {
        let daemon = try daemon()
        let text = try daemon.begin(1)[0]
        let id = try #require(ProjectID(text))
        var client: LifecycleClient? = client(daemon)
        _ = try await client?.heartbeat(id, attach: true)
        // In the first grace the client would have closed its connection, in the second the project would have failed.
        try await inThread { for _ in 0..<2 { try passGrace(daemon) } }
        #expect(try daemon.project(text).string("project.status") == "processing")

        daemon.kill()
        try daemon.start()
        // It ties the lease again without being asked: in time the daemon would see its end, as above.
        try await inThread { for _ in 0..<2 { try passGrace(daemon) } }
        #expect(try daemon.project(text).string("project.status") == "processing")
        await client?.close()
        client = nil
        try await inThread { try daemon.waitForEnd(of: text, "crashed") }
    }

    @Test("ends without the project when it is detached first")
    func detached() async throws {
        let daemon = try daemon()
        let ids = try daemon.begin(2)
        let client = client(daemon)
        for id in ids { _ = try await client.heartbeat(try #require(ProjectID(id)), attach: true) }
        _ = try await client.detach(try #require(ProjectID(ids[0])))
        await client.close()
        try await inThread { try daemon.waitForEnd(of: ids[1], "crashed") }
        #expect(try daemon.project(ids[0]).string("project.status") == "processing")
    }

    @Test("who detaches what another connection holds unties nothing")
    func detachedElsewhere() throws {
        let daemon = try daemon()
        let id = try daemon.begin(1)[0]
        let (first, second) = (try daemon.connect(), try daemon.connect())
        _ = try first.call("heartbeat", ["projectId": id, "attach": true])
        _ = try second.call("heartbeat", ["projectId": id, "attach": false])
        first.close()
        try daemon.waitForEnd(of: id, "crashed")
    }
}
