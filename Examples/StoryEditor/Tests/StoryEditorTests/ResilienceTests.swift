import Foundation
import LifecycleClient
import ServiceLifecycle
import Testing

@testable import StoryEditor

@Suite("Nothing is lost when something goes away", .timeLimit(.minutes(60)))
struct ResilienceTests {
    @Test("while the daemon is away: 503 with Retry-After; when it comes back in time, nobody notices")
    func daemonAway() async throws {
        try await Stage.with(.set(\.daemonPatience, 0)) { stage in
            try await stage.grant(100)
            stage.daemon.kill()
            for answer in [
                try await stage.order(key: "one"), try await stage.get("/api/user/projects"),
                try await stage.report("x", "failed"), try await stage.get("/healthz"),
                try await stage.get("/projects"),
            ] {
                #expect(answer.status == 503 && answer.headers["retry-after"] == "2")
            }
            try await stage.daemon.start()
            #expect(try await stage.order(key: "one").status == 201)
        }
        try await Stage.with { stage in
            try await stage.grant(100)
            stage.daemon.kill()
            async let answer = stage.order()
            try await stage.daemon.start()
            #expect(try await answer.status == 201)
            #expect(try await stage.balance() == [60, 40])
        }
    }

    @Test("a daemon that is killed while the video service works on the order")
    func daemonDiesInBetween() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            stage.upstream.become(.slow(.milliseconds(500)))
            async let answer = stage.order()
            try await waitFor("the request") { !stage.upstream.seen.isEmpty }
            stage.daemon.kill()
            try await stage.daemon.start()
            let order = try await answer
            #expect(order.status == 201 && order.json("status") == "processing")
            #expect(try await stage.balance() == [60, 40])
        }
    }

    @Test(
        "a hundred users at once at a slow video service, each clicks twice, while the daemon is killed and comes back")
    func hundredUsers() async throws {
        try await Stage.with { stage in
            // The time of an order at the video service is 20 s: the test is lost when they wait for each other.
            stage.upstream.become(.slow(.seconds(2)))
            for user in 0..<100 { try await stage.grant(100, to: "user\(user)") }
            let restart = Task {
                for _ in 0..<3 {
                    let seen = stage.upstream.seen.count
                    try await waitFor("some orders") {
                        stage.upstream.seen.count > min(seen + 10, 95)
                    }
                    stage.daemon.kill()
                    try await stage.daemon.start()
                }
            }
            try await withThrowingTaskGroup { group in
                for user in 0..<100 {
                    for _ in 0..<2 {
                        group.addTask {
                            var answer = try await stage.order(user: "user\(user)", key: "one")
                            while answer.status == 503 {
                                answer = try await stage.order(user: "user\(user)", key: "one")
                            }
                            #expect(answer.status == 201 && answer.json("status") == "processing", "\(answer.text)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            restart.cancel()
            _ = await restart.result
            for user in 0..<100 { #expect(try await stage.balance("user\(user)") == [60, 40]) }
            let keys = stage.upstream.seen.compactMap { FakeUpstream.header("idempotency-key", $0) }
            #expect(Set(keys).count == 100, "each order is begun under one key")
            #expect(try await stage.client.audit().ok)
        }
    }

    @Test("a stop answers what has begun, and takes nothing new")
    func shutdown() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            stage.upstream.become(.slow(.milliseconds(700)))
            async let answer = stage.order()
            try await waitFor("the request") { !stage.upstream.seen.isEmpty }
            await stage.services.triggerGracefulShutdown()
            #expect(try await answer.status == 201)
            try await stage.run.value
            await #expect(throws: (any Error).self) { try await stage.get("/healthz") }
            #expect(try await stage.balance() == [60, 40])
        }
    }

    @Test("a stop that waits for a video service in vain gives the credits back and ends")
    func shutdownInVain() async throws {
        try await Stage.with(.set(\.drainTimeout, 1)) { stage in
            try await stage.grant(100)
            stage.upstream.become(.hangs)
            let order = Task { try await stage.order(key: "one") }
            try await waitFor("the request") { !stage.upstream.seen.isEmpty }
            await stage.services.triggerGracefulShutdown()
            _ = await stage.run.result
            _ = await order.result
            #expect(try await stage.balance() == [100, 0])
            let project = try #require(try await stage.client.listProjects(userId: "ana").projects.first)
            #expect(project.errorCode == "createFailed")
            #expect(
                project.errorMessage == "the caller was cancelled", "it does not wait for the video service's own time")
        }
    }

    @Test("a kill -9 between the charge and the start: the daemon gives the credits back")
    func processDies() async throws {
        try await withOrderAtKill { stage, _ in
            #expect(try await stage.balance() == [60, 40], "it was charged")
            try await waitFor("the refund") { try await stage.balance() == [100, 0] }
            #expect(try await stage.client.listProjects(userId: "ana").projects.first?.errorCode == "startTimeout")
        }
    }

    @Test(
        "a kill -9 there, and the same key again at the app that comes after: one charge, one job; SIGTERM ends it well"
    )
    func processComesBack() async throws {
        try await withOrderAtKill { stage, daemon in
            stage.upstream.become(.works)
            let next = try await AppProcess.start(daemon, stage.upstream, stage.client)
            let order = try await next.stage.order(key: "one")
            #expect(order.status == 201 && order.json("status") == "processing", "\(order.text)")
            #expect(try await stage.balance() == [60, 40])
            let keys = stage.upstream.seen.compactMap { FakeUpstream.header("idempotency-key", $0) }
            #expect(keys.count == 2 && Set(keys).count == 1, "the video service begins it once")
            #expect(next.child.end(SIGTERM) == 0)
        }
    }

    /// The app is killed while the video service is asked for ana's order with the key "one".
    private func withOrderAtKill(_ body: (Stage, Daemon) async throws -> Void) async throws {
        let (daemon, upstream) = (try await Daemon(), try await FakeUpstream())
        upstream.become(.hangs)
        let client = daemon.client()
        _ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up")
        let app = try await AppProcess.start(daemon, upstream, client)
        let order = Task { try await app.stage.order(key: "one") }
        try await waitFor("the request") { !upstream.seen.isEmpty }
        app.child.end(SIGKILL)
        _ = await order.result
        try await body(app.stage, daemon)
        await client.close()
    }
}
