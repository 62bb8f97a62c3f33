internal import LifecycleClient
internal import LifecycleCore
internal import LifecycleTesting
internal import Testing

@Suite("The daemon in this process")
struct InProcessDaemonTests {
    /// A project of 10 credits of ann's 100.
    private func ledger(
        _ report: Status? = nil, _ terms: (inout CreateProject) -> Void = { _ in }
    ) throws -> (InProcessLedger, ProjectID) {
        let ledger = InProcessLedger()
        try ledger.grant(100, to: "ann")
        let id = try ledger.create(10, for: "ann", terms)
        if let report { _ = try ledger.call(UpdateStatus(projectId: id, status: report)) }
        return (ledger, id)
    }

    @Test(
        "when the test's clock has run out, the next call finds the project failed and paid back",
        arguments: [
            (nil, 60, "startTimeout"), (Status.processing, 20, "leaseExpired"),
        ] as [(Status?, Int64, String)])
    func clockRunsOut(report: Status?, seconds: Int64, code: String) throws {
        let (ledger, id) = try ledger(report)
        ledger.clock.advance(by: .seconds(seconds) - .milliseconds(1))
        #expect(try ledger.project(id).status == report ?? .pending)
        ledger.clock.advance(by: .milliseconds(1))
        #expect(try ledger.available("ann") == 100)
        let explained = try ledger.call(ExplainProject(projectId: id))
        #expect(explained.project.status == .failed)
        #expect(explained.project.errorCode == code)
        #expect(explained.project.finishedAt == ledger.clock.now)
        #expect(explained.entries.map(\.kind) == [.charge, .refund])
        #expect(explained.events.last.map { [$0.uid, $0.gid, $0.pid] } == [1001, 1002, 1003])
    }

    @Test("reports renew the lease, but not the runtime")
    func runtime() throws {
        let (ledger, id) = try ledger(.processing)
        for _ in 0..<19 {
            ledger.clock.advance(by: .seconds(10))
            #expect(try ledger.call(UpdateStatus(projectId: id, status: .processing)).changed == false)
        }
        ledger.clock.advance(by: .seconds(10))
        #expect(try ledger.project(id).errorCode == "runtimeExceeded")
        #expect(try ledger.available("ann") == 100)
    }

    @Test("a paused project waits, and is refunded at once when it is cancelled", arguments: [false, true])
    func pause(isCancelled: Bool) throws {
        let (ledger, id) = try ledger(.processing)
        let answer = try ledger.call(Heartbeat(projectId: id, pause: 3600))
        ledger.clock.advance(by: .seconds(3000))
        #expect(try ledger.project(id).pausedUntil == answer.pausedUntil)
        if isCancelled {
            #expect(try ledger.call(CancelProject(projectId: id)).creditsRefunded == 10)
        } else {
            #expect(try ledger.call(Heartbeat(projectId: id)).pausedUntil == nil)
            #expect(try ledger.project(id).deadline?.milliseconds == ledger.clock.now.milliseconds + 20_000)
            ledger.clock.advance(by: .seconds(20))
        }
        let explained = try ledger.call(ExplainProject(projectId: id))
        #expect(explained.project.errorCode == (isCancelled ? "cancelled" : "leaseExpired"))
        #expect(explained.events.dropFirst(2).map(\.kind) == [.paused] + (isCancelled ? [] : [.resumed]) + [.failed])
        #expect(try ledger.available("ann") == 100)
        #expect(try ledger.call(Audit()).ok)
    }

    @Test("a project's own terms count")
    func ownTerms() throws {
        let (ledger, id) = try ledger { $0.startTimeout = 5 }
        ledger.clock.advance(by: .seconds(5))
        #expect(try ledger.project(id).errorCode == "startTimeout")
    }

    @Test("one call settles all that is due, more than one sweep takes")
    func manyDue() throws {
        let ledger = InProcessLedger()
        try ledger.grant(1250, to: "ann")
        for _ in 0..<1250 { _ = try ledger.create(1, for: "ann") }
        #expect(try ledger.available("ann") == 0)
        ledger.clock.advance(by: .seconds(60))
        #expect(try ledger.call(GetBalance(userId: "ann")) == Balance(userId: "ann", available: 1250, held: 0))
        #expect(try ledger.call(Audit()).ok)
    }

    @Test("a refused report stays in the history and moves nothing")
    func keptRefusal() throws {
        let (ledger, id) = try ledger(.completed)
        #expect(ledger.refusal(UpdateStatus(projectId: id, status: .failed)) == .terminalState)
        let explained = try ledger.call(ExplainProject(projectId: id))
        #expect(explained.events.map(\.kind) == [.created, .processing, .completed, .reportRefused])
        #expect(explained.refusedReports == 1)
        #expect(try ledger.available("ann") == 90)
    }

    @Test("names that look alike and have other bytes are other names: users, keys and externalIds")
    func bytes() throws {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        let ledger = InProcessLedger()
        try ledger.grant(10, to: composed)
        #expect(try ledger.available(decomposed) == 0)
        let first = try ledger.create(1, for: composed) {
            $0.idempotencyKey = composed
            $0.externalId = composed
        }
        let second = try ledger.create(1, for: composed) {
            $0.idempotencyKey = decomposed
            $0.externalId = decomposed
        }
        #expect(first != second)
        #expect(try ledger.call(GetStatus(externalId: decomposed)).project.projectId == second)
        #expect(try ledger.call(GetStatus(externalId: composed)).project.projectId == first)
        #expect(ledger.refusal(GetStatus(externalId: "caf")) == .projectNotFound)
    }

    @Test("roles are checked as by the daemon")
    func roles() throws {
        let ledger = InProcessLedger(roles: [.app])
        #expect(ledger.refusal(GrantCredits(userId: "ann", credits: 1, reason: "gift")) == .permissionDenied)
        #expect(ledger.refusal(CreateProject(userId: "ann", credits: 1)) == .insufficientCredits)
        #expect(InProcessLedger(roles: []).refusal(GetBalance(userId: "ann")) == .permissionDenied)
    }

    @Test(
        "what no request may be is refused as over the wire",
        arguments: [
            ("getBalance", #"{"userId":"ann","userID":1}"#, ErrorKind.invalidParams), ("getBalance", "{", .parseError),
            ("getBalance", "7", .invalidRequest), ("GetBalance", "{}", .methodNotFound),
            ("getBalance", #"{"userId":"\#(String(repeating: "a", count: 1_048_576))"}"#, .requestTooLarge),
        ])
    func refusals(method: String, params: String, kind: ErrorKind) {
        #expect { try InProcessLedger().daemon.answer(method, params: Array(params.utf8)) } throws: {
            ($0 as? ClientError)?.kind == kind
        }
    }

    @Test("a reply that is too long is refused; what it wrote stays, as over the wire")
    func replyTooLarge() throws {
        var limits = InProcessLedger.limits
        limits.maximumReplyBytes = 400
        let ledger = InProcessLedger(limits)
        try ledger.grant(10, to: "ann")
        #expect(
            throws: ClientError.self,
            performing: { try ledger.create(1, for: "ann") { $0.name = String(repeating: "x", count: 200) } })
        #expect(try ledger.available("ann") == 9)
    }

    @Test("metadata may be nested as deeply as a request allows, and comes back")
    func deepMetadata() throws {
        let (open, close) = (String(repeating: "[", count: 61), String(repeating: "]", count: 61))
        let ledger = InProcessLedger()
        try ledger.grant(10, to: "ann")
        let params = #"{"userId":"ann","credits":1,"metadata":{"a":\#(open)\#(close)}}"#
        _ = try ledger.daemon.answer("createProject", params: Array(params.utf8))
        let list = try ledger.daemon.answer("listProjects", params: Array("{}".utf8))
        #expect(String(decoding: list.raw, as: UTF8.self).contains(open + close))
    }

    @Test("getMetrics counts calls by method and outcome")
    func metrics() throws {
        let ledger = InProcessLedger()
        _ = try ledger.available("ann")
        _ = ledger.refusal(CreateProject(userId: "ann", credits: 1))
        let text = try ledger.call(GetMetrics()).prometheus
        #expect(text.contains(#"lifecycle_requests_total{method="getBalance",outcome="ok"} 1"#))
        #expect(text.contains(#"lifecycle_requests_total{method="createProject",outcome="error"} 1"#))
        #expect(text.contains(#"lifecycle_requests_total{method="createProject",outcome="ok"} 0"#))
    }

    @Test("calls from many tasks at once lose and double nothing")
    func concurrency() async throws {
        let ledger = InProcessLedger()
        try ledger.grant(100, to: "ann")
        let created = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<150 { group.addTask { (try? ledger.create(1, for: "ann")) == nil ? 0 : 1 } }
            return await group.reduce(0, +)
        }
        #expect(created == 100)
        #expect(try ledger.call(GetBalance(userId: "ann")) == Balance(userId: "ann", available: 0, held: 100))
        #expect(try ledger.call(Audit()).ok)
    }
}
