import Testing

@Suite("Status and lists", .timeLimit(.minutes(60)))
struct StatusTests {
    @Test("a pipeline's report by either id spends the credits or gives them back; the first verdict stays")
    func reports() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            let failed = try #require(try await stage.order("one").json("projectId"))
            let done = try #require(try await stage.order("two").json("projectId"))
            let report = try await stage.report("sda-\(failed)", "failed", "GPU out of memory")
            #expect(report.status == 200 && report.json("changed") == "1" && report.json("creditsRefunded") == "40")
            #expect(report.json("projectId") == failed)
            let again = try await stage.report(failed, "failed", "GPU out of memory")
            #expect(again.status == 200 && again.json("changed") == "0" && again.json("creditsRefunded") == "40")
            let late = try await stage.report(failed, "completed")
            #expect(late.status == 409 && late.json("code") == "terminalState")
            // As a pipeline does that always sends the message.
            #expect(try await stage.report(done, "completed", "").json("status") == "completed")
            #expect(try await stage.balance() == [60, 0])
        }
    }

    @Test("a report without a token, of an unknown project, or that says nothing that can be, is refused")
    func badReports() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            let id = try #require(try await stage.order().json("projectId"))
            let noToken = try await stage.report(id, "failed", token: nil)
            #expect(noToken.status == 401 && noToken.headers["www-authenticate"] == "Bearer")
            #expect(try await stage.report(id, "failed", token: "a pipeline's own toke").status == 401)
            // Who is signed in is no pipeline.
            let asUser = try await stage.post(
                "/api/story-editor/project/status", #"{"projectId":"x","status":"failed"}"#)
            #expect(asUser.status == 401)
            #expect(try await stage.report("nobody's", "failed").status == 404)
            #expect(try await stage.report("01a20ac0-68a7-77dd-bd05-8d159765e412", "failed").status == 404)
            for status in ["processing", "pending", "done", ""] {
                #expect(try await stage.report(id, status).status == 422)
            }
            #expect(try await stage.report(id, "completed", "why?").status == 422)
            #expect(try await stage.report(String(repeating: "x", count: 300), "failed").status == 422)
            #expect(try await stage.balance() == [60, 40])
        }
    }

    @Test("its owner and pipelines see a project, by either id; others do not")
    func status() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            let id = try #require(try await stage.order().json("projectId"))
            let path = "/api/story-editor/project/status?projectId="
            let own = try await stage.get(path + id)
            #expect(own.status == 200 && own.json("status") == "processing" && own.json("creditsUsed") == "40")
            #expect(try await stage.get(path + "sda-\(id)").json("projectId") == id)
            #expect(try await stage.get(path + id, user: "bob").status == 404)
            let bearer = ["Authorization": "bearer \(Stage.pipelineToken)"]
            #expect(try await stage.get(path + id, user: nil, headers: bearer).status == 200)
            #expect(try await stage.get(path + id, user: nil).status == 401)
            #expect(try await stage.get(path).status == 422)
            #expect(try await stage.get("/api/story-editor/project/status").status == 422)
        }
    }

    @Test("a user's list has filter, figures and pages")
    func list() async throws {
        try await Stage.with { stage in
            try await stage.grant(200)
            for name in ["one", "two", "three"] { _ = try await stage.order(name) }
            let newest = try #require(try await stage.get("/api/user/projects").json("projects.0.projectId"))
            _ = try await stage.report(newest, "failed", "no luck")
            let all = try await stage.get("/api/user/projects?includeStats=true&limit=2")
            #expect(all.json("projects.0.errorMessage") == "no luck" && all.json("projects.2.name") == nil)
            #expect(all.json("stats.total") == "3" && all.json("stats.byStatus.failed") == "1")
            #expect(all.json("balance.available") == "120" && all.json("balance.held") == "80")
            let cursor = try #require(all.json("nextCursor"))
            let rest = try await stage.get("/api/user/projects?limit=2&cursor=\(cursor)")
            #expect(
                rest.json("projects.0.name") == "one" && rest.json("nextCursor") == nil && rest.json("stats") == nil)
            let failed = try await stage.get("/api/user/projects?status=failed")
            #expect(failed.json("projects.0.projectId") == newest && failed.json("projects.1.name") == nil)
            #expect(try await stage.get("/api/user/projects", user: "bob").json("projects.0.name") == nil)
            for query in ["status=done", "limit=0", "limit=501", "limit=x", "cursor=x", "includeStats=yes"] {
                #expect(try await stage.get("/api/user/projects?\(query)").status == 422, "\(query)")
            }
        }
    }

    @Test("an unknown path, a wrong method, and the health check")
    func others() async throws {
        try await Stage.with { stage in
            let unknown = try await stage.get("/api/unknown")
            #expect(unknown.status == 404 && unknown.headers["content-type"] == "application/problem+json")
            #expect(try await stage.get("/unknown").headers["content-type"] == "text/html; charset=utf-8")
            #expect(try await stage.get("/api/story-editor/generate").status == 404)
            let health = try await stage.get("/healthz", user: nil)
            #expect(health.status == 200 && health.json("daemon") != nil)
        }
    }
}
