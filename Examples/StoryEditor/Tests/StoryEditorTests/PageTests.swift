import LifecycleClient
import Testing

@testable import StoryEditor

@Suite("Pages and forms", .timeLimit(.minutes(60)))
struct PageTests {
    @Test("the page shows projects as text, whatever their names are, under a strict policy")
    func escaping() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            // To Swift the quote with the accent is one character, and not a quote.
            let name = #"<script>alert(1)</script> "\u{301} onfocus=alert(2) x='"#.replacing(
                #"\u{301}"#, with: "\u{301}")
            _ = try await stage.client.createProject(userId: "ana", credits: 1, name: name)
            let page = try await stage.get("/projects")
            #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt; &quot;\u{301} onfocus=alert(2) x=&#39;"))
            #expect(!page.text.contains("<script>alert"))
            let policy = try #require(page.headers["content-security-policy"])
            #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
            #expect(page.headers["cache-control"] == "no-store" && page.headers["x-content-type-options"] == "nosniff")
            let cookie = try #require(page.headers["set-cookie"])
            #expect(["; Path=/", "; HttpOnly", "; Secure", "; SameSite=Strict"].allSatisfy(cookie.contains))
        }
    }

    @Test(
        "scalars that mark up are escaped, also where a combining mark hides them",
        arguments: ["<", ">", "&", "\"", "'"])
    func escapesScalars(_ mark: String) {
        for hidden in [mark, mark + "\u{301}", mark + "\u{200D}", "\u{1F1E6}" + mark + "\u{20DD}"] {
            let escaped = PageText().escapeText(hidden).unicodeScalars
            #expect(mark == "&" || !escaped.contains(mark.unicodeScalars.first!))
            #expect(escaped.contains("&") && escaped.contains(";"))
        }
    }

    @Test("a form orders, tries again and cancels, and sends the browser back to the page")
    func forms() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            let ordered = try await stage.form("/projects", "key=k1&prompt=A+fox+%26+a+hen&ratio=9%3A16")
            #expect(ordered.status == 303)
            #expect(ordered.headers["location"]?.hasPrefix("/projects?done=ordered#p-") == true)
            // A double click.
            #expect(try await stage.form("/projects", "key=k1&prompt=A+fox+%26+a+hen&ratio=9%3A16").status == 303)
            #expect(try await stage.balance() == [60, 40])
            let project = try #require(try await stage.client.listProjects(userId: "ana").projects.first)
            #expect(project.name == "A fox & a hen")
            let cancelling = try await stage.form("/projects/\(project.projectId)/cancel")
            #expect(cancelling.headers["location"]?.hasPrefix("/projects?done=cancelling#") == true)
            #expect(try await stage.get("/projects").text.contains("Cancelling"))
            _ = try await stage.report("\(project.projectId)", "failed", "stopped")
            for _ in 0..<2 {
                let retried = try await stage.form("/projects/\(project.projectId)/retry")
                #expect(retried.headers["location"]?.hasPrefix("/projects?done=retried#") == true)
            }
            let projects = try await stage.client.listProjects(userId: "ana").projects
            #expect(projects.count == 2 && projects[0].retryOf == project.projectId)
            #expect(projects[0].status == .processing)
            #expect(try await stage.balance() == [60, 40])
        }
    }

    @Test("a visitor's key is never one of the app's own: it does not block the retry of a project")
    func keysApart() async throws {
        try await Stage.with { stage in
            try await stage.grant(200)
            #expect(try await stage.order(key: "one").status == 201)
            let project = try #require(try await stage.client.listProjects(userId: "ana").projects.first).projectId
            _ = try await stage.report("\(project)", "failed", "stopped")
            #expect(try await stage.order(key: "retry:\(project)").status == 201)
            let retried = try await stage.form("/projects/\(project)/retry")
            #expect(retried.headers["location"]?.hasPrefix("/projects?done=retried#") == true, "\(retried.text)")
            let newest = try #require(try await stage.client.listProjects(userId: "ana").projects.first)
            #expect(newest.retryOf == project)
        }
    }

    @Test("what a form cannot do is said on the page, with the text still in its field")
    func failures() async throws {
        try await Stage.with { stage in
            let poor = try await stage.form("/projects", "prompt=A+%3Cfox%3E")
            #expect(poor.status == 402 && poor.text.contains("This costs 40 credits, and you have 0."))
            #expect(poor.text.contains("role=\"alert\"") && poor.text.contains(">A &lt;fox&gt;</textarea>"))
            #expect(try await stage.form("/projects", "prompt=").status == 422)
            try await stage.grant(100)
            let project = try await stage.client.createProject(userId: "ana", credits: 1).project.projectId
            #expect(try await stage.form("/projects/\(project)/retry").status == 409)
            _ = try await stage.client.updateStatus(project, .completed)
            #expect(try await stage.form("/projects/\(project)/cancel").status == 409)
            let hers = try await stage.client.createProject(userId: "eve", credits: 0).project.projectId
            for action in ["retry", "cancel"] {
                #expect(try await stage.form("/projects/\(hers)/\(action)").status == 404)
                #expect(try await stage.form("/projects/x/\(action)").status == 404)
            }
            #expect(try await stage.client.getStatus(hers).cancelRequested == false)
        }
    }

    @Test("an order that the ledger cannot take now is kept on the page, and sent again under its key is one order")
    func sentAgain() async throws {
        try await Stage.with(.set(\.daemonPatience, 0)) { stage in
            try await stage.grant(100)
            stage.daemon.kill()
            let away = try await stage.form("/projects", "prompt=A+%3Cfox%3E&ratio=1%3A1")
            #expect(away.status == 503 && away.headers["retry-after"] == "2")
            #expect(away.text.contains(">A &lt;fox&gt;</textarea>") && away.text.contains(#"name="ratio" value="1:1""#))
            #expect(away.text.contains(#"name="csrf" value="\#(Stage.formToken)""#))
            let key = try #require(away.text.firstMatch(of: /name="key" value="([^"]+)"/)?.1)
            let fields = "key=\(key)&prompt=A+%3Cfox%3E&ratio=1%3A1"
            #expect(try await stage.form("/projects", fields).text.contains("value=\"\(key)\""), "the key stays")
            try await stage.daemon.start()
            for _ in 0..<2 { #expect(try await stage.form("/projects", fields).status == 303) }
            #expect(try await stage.balance() == [60, 40])
        }
    }

    @Test("a form without its token, or with one that is not the cookie's, does nothing")
    func tokens() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            let other = String(repeating: "b", count: 32)
            for cookie in ["", "__Host-story-editor=\(other)", "__Host-story-editor="] {
                let answer = try await stage.form("/projects", "prompt=x", headers: ["Cookie": cookie])
                #expect(answer.status == 403 && answer.headers["content-type"] == "text/html; charset=utf-8")
            }
            #expect(try await stage.balance() == [100, 0])
        }
    }

    @Test("the operator's page is the operators'")
    func admin() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            let id = try #require(try await stage.order("the winter film").json("projectId"))
            _ = try await stage.order("the summer film")
            _ = try await stage.report(id, "failed", "out of ice")
            let page = try await stage.get("/admin", user: "root")
            #expect(page.status == 200)
            let project = try await stage.client.getStatus(try #require(ProjectID(id)))
            let isToday = "\(project.finishedAt ?? .now)".prefix(10) == "\(Timestamp.now)".prefix(10)
            let ofToday = ["out of ice", "<dt>Returned today</dt><dd>40</dd>", "by UTC"]
            for text in ["the summer film", "<dt>Running</dt><dd>1</dd>"] + (isToday ? ofToday : []) {
                #expect(page.text.contains(text), "\(text)")
            }
            try await waitFor("the events") {
                try await stage.get("/admin", user: "root").text.contains("failed, refunded")
            }
            #expect(try await stage.get("/admin").status == 403)
            #expect(try await stage.get("/admin/events").status == 403)
        }
    }

    @Test("pages, filters and assets")
    func others() async throws {
        try await Stage.with { stage in
            try await stage.grant(100)
            for index in 0..<25 {
                _ = try await stage.client.createProject(userId: "ana", credits: 1, name: "video \(index)")
            }
            let first = try await stage.get("/projects?status=pending")
            let older = try #require(
                first.text.firstMatch(of: /href="(\/projects\?status=pending&amp;cursor=[^"]+)"/)?.1)
            let second = try await stage.get(String(older).replacing("&amp;", with: "&"))
            #expect(first.text.contains("<h3>video 24</h3>") && !first.text.contains("<h3>video 4</h3>"))
            #expect(second.text.contains("<h3>video 4</h3>") && !second.text.contains("<h3>video 5</h3>"))
            #expect(try await stage.get("/projects?status=failed").text.contains("No videos here"))
            #expect(try await stage.get("/projects?status=odd").status == 422)
            for (path, type) in [
                ("/assets/app.css", "text/css; charset=utf-8"), ("/assets/app.js", "text/javascript; charset=utf-8"),
                ("/assets/icon.svg", "image/svg+xml"),
            ] {
                let asset = try await stage.get(path, user: nil)
                #expect(asset.status == 200 && asset.headers["content-type"] == type && asset.text.count > 100)
            }
            #expect(try await stage.get("/", user: nil).headers["location"] == "/projects")
            #expect(try await stage.get("/projects", user: nil).text.contains("You are not signed in"))
        }
    }
}
