internal import LifecycleCore

/// Plays the same operations on a ledger and on the model, and throws at the first difference.
struct ModelPlayer<Ledger: ModelSubject> {
    let ledger: Ledger
    /// Whether the alarm rings at each moment; else what is due is settled when somebody touches it or writes anything.
    let hasAlarm: Bool
    private var referee: ModelReferee
    var log: [String] = []

    var model: ModelLedger { referee.model }

    init(_ ledger: Ledger, hasAlarm: Bool = true) {
        self.ledger = ledger
        self.hasAlarm = hasAlarm
        referee = ModelReferee(
            ModelLedger(limits: ledger.limits, now: ledger.now), daemon: ledger.daemon, hasAlarm: hasAlarm)
    }

    mutating func advance(milliseconds: Int64) async throws {
        referee.model.now += milliseconds
        ledger.now = model.now
        if hasAlarm { try await tick() }
    }

    mutating func tick() async throws {
        try await ledger.tick()
        referee.model.settle()
    }

    mutating func restart() async throws {
        log.append("-- restart at \(model.now)")
        try await ledger.restart()
        referee.model.restart()
    }

    /// All writes in one commit.
    mutating func write(_ operations: [ModelOperation]) async throws {
        referee.model.settle()
        let expected = operations.map { referee.expect($0) }
        let results = await ledger.outcomes(of: operations.map(\.call))
        guard results.count == expected.count else { throw Difference(description: "\(results.count) answers") }
        for (index, result) in results.enumerated() {
            log.append("\(model.now) \(operations[index].call)")
            try referee.check(expected[index], result)
        }
        try await ledger.untilIdle()
        let hasBeat = operations.contains { if case .beat = $0 { true } else { false } }
        guard hasBeat else { return }
        // Readers see it a second later.
        try await advance(milliseconds: 1000)
        if !hasAlarm { try await tick() }
    }

    mutating func read(_ operation: ModelOperation) async throws {
        log.append("\(model.now) \(operation.call)")
        referee.model.settle()
        let result = await ledger.outcome(of: operation.call)
        // Whatever else is due is settled at this moment, too.
        if !hasAlarm { try await ledger.untilIdle() }
        try referee.check(operation, result)
    }

    /// Goes through all pages of every list: each project and each entry once, in order.
    mutating func readAllPages() async throws {
        var request = ListProjects()
        request.limit = 7
        var seen: [Project] = []
        repeat {
            let response = try await ledger.answer(request)
            seen += response.projects
            request.cursor = response.nextCursor
        } while request.cursor != nil
        try referee.equal(seen.count, model.projects.count, "projects on all pages")
        for (project, index) in zip(seen, model.projects.indices.reversed()) {
            try referee.same(project, model.shown(index))
        }

        for user in model.users {
            var request = ListEntries(userId: user)
            request.limit = 5
            var seen: [Entry] = []
            repeat {
                let response = try await ledger.answer(request)
                seen += response.entries
                request.cursor = response.nextCursor
            } while request.cursor != nil
            try referee.check(seen, model.entries(of: user).map(model.shownEntry), descending: true)
            try referee.same(try await ledger.answer(GetBalance(userId: user)), model.balance(user))
        }
    }

    func audit() async throws {
        let audit = try await ledger.answer(Audit())
        try referee.equal(audit.findings.map(\.check), [], "audit")
        let rows = Int64(model.users.count + model.projects.count + model.entries.count)
        try referee.equal(audit.checked, rows, "rows checked")
    }
}

extension ModelPlayer<LedgerHarness> {
    /// Somebody sets the clock.
    mutating func jump(milliseconds: Int64) async throws {
        log.append("-- clock set by \(milliseconds) at \(model.now)")
        ledger.jumpClock(milliseconds: milliseconds)
        referee.model.jump(milliseconds: milliseconds)
        try await tick()
    }

    /// Every row of the ledger and of the history, as they stand in the file.
    mutating func compareTables() async throws {
        let (entries, events) = try await ledger.offline { file in
            (
                try file.rows(
                    """
                    SELECT e.kind, userId, e.credits, e.at, ifnull(hex(p.id), '') FROM entry AS e JOIN account AS a
                    ON a.id = e.account LEFT JOIN project AS p ON p.row = e.project ORDER BY e.id
                    """),
                try file.rows(
                    """
                    SELECT e.kind, userId, e.at, ifnull(hex(p.id), ''), e.uid, e.gid, e.pid FROM event AS e JOIN account AS a
                    ON a.id = e.account LEFT JOIN project AS p ON p.row = e.project ORDER BY e.seq
                    """)
            )
        }
        let (model, daemon) = (model, ledger.daemon)
        func id(_ project: Int?) -> String {
            let id = project.flatMap { model.projects[$0].id?.description } ?? ""
            return id.uppercased().filter { $0 != "-" }
        }
        let expectedEntries = model.entries.map {
            [$0.kind.rawValue, $0.user, "\($0.credits)", "\($0.at)", id($0.project)]
        }
        let expectedEvents = model.events.map { event in
            let by = event.isByDaemon ? daemon : Caller.tester
            return [event.kind.rawValue, event.user, "\(event.at)", id(event.project)]
                + ["\(by.uid)", "\(by.gid)", "\(by.pid)"]
        }
        // Without an alarm what was touched is settled before what was due for longer.
        func ordered(_ rows: [[String]]) -> [[String]] {
            hasAlarm ? rows : rows.sorted { $0.lexicographicallyPrecedes($1) }
        }
        try referee.equal(ordered(entries), ordered(expectedEntries), "entries")
        try referee.equal(ordered(events), ordered(expectedEvents), "events")
        // The start that `offline` ends with sweeps.
        referee.model.restart()
    }
}
