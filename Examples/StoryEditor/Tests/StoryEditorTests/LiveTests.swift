import AsyncHTTPClient
import Foundation
import LifecycleClient
import LifecycleTesting
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Testing

@testable import StoryEditor

@Suite("Live pages", .timeLimit(.minutes(60)))
struct LiveTests {
    /// Reads a stream until a message fits.
    private static func message(
        _ stage: Stage, _ path: String, lastEventID: String? = nil, user: String = "ana",
        meanwhile: @Sendable @escaping () async throws -> Void = {}, where fits: (String) -> Bool
    ) async throws -> String {
        let headers = lastEventID.map { ["Last-Event-ID": $0] } ?? [:]
        let response = try await HTTPClient.noRedirects.execute(
            stage.request("GET", path, user: user, headers: headers), timeout: Stage.patience)
        #expect(response.status == .ok)
        var text = ""
        var isOpen = false
        for try await bytes in response.body {
            text += String(buffer: bytes)
            if !isOpen {
                isOpen = true
                try await meanwhile()
            }
            while let end = text.range(of: "\n\n") {
                let message = String(text[..<end.lowerBound])
                if fits(message) { return message }
                text = String(text[end.upperBound...])
            }
        }
        throw TestFailure("the stream ended: \(text)")
    }

    @Test("an order, its progress and its end are told as they happen")
    func tells() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            let created = try await Self.message(stage, "/projects/events?after=1") {
                _ = try await stage.order("the winter film")
            } where: {
                $0.contains("the winter film")
            }
            #expect(created.contains("event: patch\n") && created.contains(#""list":"list""#))
            let project = try #require(try await stage.client.listProjects(userId: "ana").projects.first).projectId
            let progress = try await Self.message(stage, "/projects/events?after=4") {
                _ = try await stage.client.heartbeat(project, progress: 0.42, message: "Drawing")
            } where: {
                $0.contains("Drawing")
            }
            #expect(progress.contains(#"value=\"42\""#))
            let failed = try await Self.message(stage, "/projects/events?after=4") {
                _ = try await stage.report("\(project)", "failed", "out of ice")
            } where: {
                $0.contains("out of ice")
            }
            #expect(failed.contains("the winter film: failed. 40 credits returned.") && failed.contains("id: 5\n"))
        }
    }

    @Test("a browser that comes back gets what it has missed, by its Last-Event-ID")
    func resumes() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            let id = try #require(try await stage.order("the winter film").json("projectId"))
            _ = try await stage.report(id, "completed")
            let missed = try await Self.message(stage, "/projects/events?after=99", lastEventID: "4") {
                !$0.hasPrefix("retry")
            }
            #expect(missed.contains("Completed") && missed.contains("id: 5\n"))
        }
    }

    @Test(
        "a page that has no place to go on from, or is ahead of the ledger, is told to load anew",
        arguments: ["", "?after=99"])
    func resync(_ query: String) async throws {
        try await Stage.with { stage in
            let message = try await Self.message(stage, "/projects/events" + query) { !$0.hasPrefix("retry") }
            #expect(message.hasPrefix("event: resync"))
        }
    }

    @Test("nobody is told of others' projects")
    func ownOnly() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            try await stage.grant(100, to: "zoe")
            let told = try await Self.message(stage, "/projects/events?after=0") {
                _ = try await stage.order("zoe's film", user: "zoe")
                _ = try await stage.order("ana's film")
            } where: {
                #expect(!$0.contains("zoe"))
                return $0.contains("ana&#39;s film") && $0.contains("In progress")
            }
            #expect(told.contains("40 held"))
        }
    }

    @Test("the operator's page is told of all")
    func admin() async throws {
        try await Stage.with { stage in
            try await stage.grant(100, to: "eve")
            _ = try await Self.message(stage, "/admin/events?after=1", user: "root") {
                _ = try await stage.order("eve's film", user: "eve")
            } where: {
                $0.contains("eve&#39;s film") && $0.contains(#""target":"operations""#)
            }
        }
    }

    @Test("more live pages than there may be get 503, and a place is free again when one goes")
    func limit() async throws {
        try await Stage.with(.set(\.maximumLivePages, 1)) { stage in
            let request = stage.request("GET", "/projects/events?after=0")
            var first: HTTPClientResponse? = try await HTTPClient.noRedirects.execute(request, timeout: Stage.patience)
            #expect(first?.status == .ok)
            let second = try await stage.get("/projects/events?after=0")
            #expect(second.status == 503 && second.headers["retry-after"] == "15")
            // The connection is closed with the last one who knows the answer.
            first = nil
            try await waitFor("the place") {
                let response = try await HTTPClient.noRedirects.execute(request, timeout: Stage.patience)
                return response.status == .ok
            }
        }
    }

    @Test("one user cannot take the places of others")
    func limitOfUser() async throws {
        try await Stage.with(.set(\.maximumLivePagesOfUser, 1)) { stage in
            let first = try await HTTPClient.noRedirects.execute(
                stage.request("GET", "/projects/events?after=0"), timeout: Stage.patience)
            #expect(first.status == .ok)
            #expect(try await stage.get("/projects/events?after=0").status == 503)
            _ = try await Self.message(stage, "/projects/events", user: "bob") { $0.hasPrefix("event: resync") }
            withExtendedLifetime(first) {}
        }
    }

    @Test("a stream ends after its time, so that its user is asked for anew")
    func lifetime() async throws {
        try await Stage.with(.set(\.livePageLifetime, 1)) { stage in
            let answer = try await stage.get("/projects/events?after=0")
            #expect(answer.status == 200 && answer.text.hasPrefix("retry:"))
        }
    }

    @Test("a stop lets live pages go at once")
    func shutdown() async throws {
        try await Stage.with { stage in
            let response = try await HTTPClient.noRedirects.execute(
                stage.request("GET", "/projects/events?after=0"), timeout: Stage.patience)
            await stage.services.triggerGracefulShutdown()
            for try await _ in response.body {}
            try await stage.run.value
        }
    }

    @Test("what comes while a page is slow is gathered by project")
    func mailbox() async throws {
        let client = LifecycleClient.inProcess()
        let first = try await client.createProject(userId: "ana", credits: 0).project.projectId
        let second = try await client.createProject(userId: "ana", credits: 0).project.projectId
        _ = try await client.updateStatus(first, .processing)
        _ = try await client.updateStatus(first, .completed)
        let mailbox = Mailbox()
        var seqs = 0
        for try await event in client.watch(fromSeq: 0) {
            mailbox.add(event)
            seqs += 1
            if seqs == 4 { break }
        }
        let content = try #require(await mailbox.next())
        #expect(content.changed == [first, second] && content.seq == 4 && content.events[first] == .completed)
        for _ in 0...Mailbox.mostProjects { _ = try await client.createProject(userId: "ana", credits: 0) }
        seqs = 0
        for try await event in client.watch(fromSeq: 4) {
            mailbox.add(event)
            seqs += 1
            if seqs == Mailbox.mostProjects + 1 { break }
        }
        let tooMuch = try #require(await mailbox.next())
        #expect(tooMuch.isOutOfDate && tooMuch.changed.isEmpty && tooMuch.events.isEmpty)
        let waiting = Task { await mailbox.next() }
        mailbox.tick()
        #expect(await waiting.value?.ticks == 1)
        mailbox.end()
        #expect(await mailbox.next() == nil)
    }
}
