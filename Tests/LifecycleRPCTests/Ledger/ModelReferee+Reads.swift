internal import LifecycleCore

extension ModelReferee {
    func check(_ read: ModelOperation, _ result: Result<[UInt8], RPCError>) throws {
        do {
            try checkAnswer(to: read, result)
        } catch let refusal as ModelLedger.Refusal {
            guard case .failure(let error) = result else {
                throw Difference(description: "expected \(refusal), got success")
            }
            try equal(ModelLedger.Refusal(error), refusal, "refusal")
        }
    }

    private func checkAnswer(to operation: ModelOperation, _ result: Result<[UInt8], RPCError>) throws {
        switch operation {
        case .getStatus(let method):
            if method.projectId == nil, method.externalId == nil {
                throw ModelLedger.Refusal(-32602, ["param": .text("projectId")])
            }
            let index = try model.index(projectId: method.projectId, externalId: method.externalId)
            try same(try GetStatus.Response.decoded(try succeeded(result)).project, model.shown(index))
        case .getBalance(let method):
            try same(try Balance.decoded(try succeeded(result)), model.balance(method.userId))
        case .explain(let method):
            let index = try model.index(projectId: method.projectId, externalId: method.externalId)
            try check(try ExplainProject.Response.decoded(try succeeded(result)), of: index)
        case .listProjects(let method):
            let expected = try model.list(method)
            let response = try ListProjects.Response.decoded(try succeeded(result))
            try equal(response.projects.count, expected.page.count, "projects")
            for (project, index) in zip(response.projects, expected.page) { try same(project, model.shown(index)) }
            let cursor = expected.hasMore ? expected.page.last.flatMap { model.projects[$0].id } : nil
            try equal(response.nextCursor, cursor, "nextCursor")
            try equal(response.stats != nil, method.includeStats == true, "stats")
            if let stats = response.stats { try check(stats, model.statistics(expected.all)) }
        case .listEntries(let method):
            let response = try ListEntries.Response.decoded(try succeeded(result))
            let all = model.entries(of: method.userId)
            let limit = Int(method.limit ?? 50)
            try check(response.entries, Array(all.prefix(limit)).map(model.shownEntry), descending: true)
            let cursor = all.count > limit ? response.entries.last.map { "\($0.entryId)" } : nil
            try equal(response.nextCursor, cursor, "nextCursor")
        default: throw Difference(description: "no read")
        }
    }

    private func check(_ response: ExplainProject.Response, of index: Int) throws {
        try same(response.project, model.shown(index))
        try equal(response.refusedReports, model.projects[index].refusedReports, "refusedReports")
        let entries = model.entries.indices.filter { model.entries[$0].project == index }
        try check(response.entries, entries.map(model.shownEntry), descending: false)
        let events = model.events.indices.filter { model.events[$0].project == index }
        try equal(response.events.count, events.count, "events")
        for (event, index) in zip(response.events, events) {
            var event = event
            event.seq = 0
            try same(event, model.shownEvent(index, daemon: daemon))
        }
        try equal(response.events.map(\.seq), response.events.map(\.seq).sorted(), "order of events")
        if !response.summary.contains(model.projects[index].status.rawValue) {
            throw Difference(description: "the summary says nothing of the status: \(response.summary)")
        }
    }

    func check(_ entries: [Entry], _ expected: [Entry], descending: Bool) throws {
        try equal(entries.count, expected.count, "entries")
        for (entry, expected) in zip(inKnownOrder(entries.map(withoutID)), inKnownOrder(expected)) {
            try same(entry, expected)
        }
        let ids = descending ? entries.map(\.entryId).reversed() : entries.map(\.entryId)
        try equal(ids, Array(Set(ids)).sorted(), "ids of entries")
    }

    /// Where no alarm rings, what a request touches is settled before what it does not, at the same moment: which of
    /// those came first is not promised.
    private func inKnownOrder(_ entries: [Entry]) -> [Entry] {
        guard !hasAlarm else { return entries }
        return entries.sorted {
            ($0.at, $0.kind.rawValue, $0.projectId?.description ?? "")
                < ($1.at, $1.kind.rawValue, $1.projectId?.description ?? "")
        }
    }

    private func check(_ stats: Statistics, _ expected: Statistics) throws {
        var (stats, expected) = (stats, expected)
        // The product's is a whole number of milliseconds.
        let (average, exact) = (stats.averageSeconds, expected.averageSeconds)
        if (average == nil) != (exact == nil) || abs((average ?? 0) - (exact ?? 0)) > 0.001 {
            throw Difference(
                description: "averageSeconds \(String(describing: average)), not \(String(describing: exact))")
        }
        stats.averageSeconds = nil
        expected.averageSeconds = nil
        try same(stats, expected)
    }

    // MARK: Comparing

    /// Also of projects that were cancelled as `CancelProject` does it, not by a report of the same word.
    private static func isOwnSentence(_ project: Project) -> Bool {
        switch project.errorCode {
        case "startTimeout", "leaseExpired", "runtimeExceeded": true
        case "cancelled":
            ["cancelled before it began", "cancelled while it was paused"].contains(project.errorMessage)
        default: false
        }
    }

    func succeeded(_ result: Result<[UInt8], RPCError>) throws -> [UInt8] {
        switch result {
        case .success(let text): return text
        case .failure(let error): throw Difference(description: "expected success, got \(error)")
        }
    }

    func withoutID(_ entry: Entry) -> Entry {
        var entry = entry
        entry.entryId = 0
        return entry
    }

    /// Byte for byte. What the daemon's own sentences say is free.
    func same<M: Message>(_ actual: M, _ expected: M) throws {
        var actual = actual
        if var project = actual as? Project, Self.isOwnSentence(project) {
            project.errorMessage = project.errorMessage?.isEmpty == false ? "*" : nil
            actual = project as? M ?? actual
        }
        if var event = actual as? Event, ![.reportRefused, .paused, .resumed].contains(event.kind) {
            event.detail = nil
            actual = event as? M ?? actual
        }
        try equal(jsonText(of: actual).utf8.map(\.self), jsonText(of: expected).utf8.map(\.self)) {
            "\(jsonText(of: actual))\n  expected \(jsonText(of: expected))"
        }
    }

    func equal<Value: Equatable>(_ actual: Value, _ expected: Value, _ what: String) throws {
        try equal(actual, expected) { "\(what): \(actual), expected \(expected)" }
    }

    private func equal<Value: Equatable>(_ actual: Value, _ expected: Value, _ text: () -> String) throws {
        if actual != expected { throw Difference(description: text()) }
    }
}
