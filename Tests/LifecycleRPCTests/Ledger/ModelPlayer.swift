internal import Glibc
internal import LifecycleCore
internal import LifecycleRPC

/// Plays the same operations on the store and on the model, and throws at the first difference.
struct ModelPlayer {
    let ledger: LedgerHarness
    var model: ModelLedger
    /// Whether the alarm rings at each moment; else what is due is settled when somebody touches it or writes anything.
    let hasAlarm: Bool
    private var newestID: ProjectID?
    /// What the store called the model's entries, where it said so.
    private var entryIDs: [Int: Int64] = [:]
    var log: [String] = []

    struct Difference: Error, CustomStringConvertible {
        let description: String
    }

    /// What the model expects of a write, with the model's own numbers of projects and entries.
    private enum Expected {
        case created(Int, Project, Balance, replayed: Bool)
        case updated(Int, Project, Balance, changed: Bool)
        case beaten(Heartbeat.Response)
        case posted(Int, Balance, replayed: Bool)
        case nothing
        case refused(ModelLedger.Refusal)
    }

    init(_ ledger: LedgerHarness, hasAlarm: Bool = true) {
        self.ledger = ledger
        self.hasAlarm = hasAlarm
        model = ModelLedger(limits: ledger.limits, now: ledger.now)
    }

    mutating func advance(milliseconds: Int64) async throws {
        model.now += milliseconds
        ledger.now = model.now
        if hasAlarm { try await tick() }
    }

    /// Somebody sets the clock.
    mutating func jump(milliseconds: Int64) async throws {
        log.append("-- clock set by \(milliseconds) at \(model.now)")
        ledger.jumpClock(milliseconds: milliseconds)
        model.jump(milliseconds: milliseconds)
        try await tick()
    }

    mutating func tick() async throws {
        try await ledger.tick()
        model.settle()
    }

    mutating func restart() async throws {
        log.append("-- restart at \(model.now)")
        try await ledger.reopen()
        model.restart()
    }

    /// All writes in one commit.
    mutating func write(_ operations: [ModelOperation]) async throws {
        model.settle()
        let expected = operations.map { expect($0) }
        let results = await ledger.results(of: operations.map(\.call))
        guard results.count == expected.count else { throw Difference(description: "\(results.count) answers") }
        for (index, result) in results.enumerated() {
            log.append("\(model.now) \(operations[index].call)")
            try check(expected[index], result)
        }
        try await ledger.untilIdle()
        let hasBeat = operations.contains { if case .beat = $0 { true } else { false } }
        guard hasBeat else { return }
        // Readers see it a second later.
        try await advance(milliseconds: 1000)
        if !hasAlarm { try await tick() }
    }

    private mutating func expect(_ operation: ModelOperation) -> Expected {
        do throws(ModelLedger.Refusal) {
            switch operation {
            case .create(let method):
                let (index, replayed) = try model.create(method)
                return .created(index, model.shown(index), model.balance(method.userId), replayed: replayed)
            case .update(let method):
                let (index, changed) = try model.update(method)
                return .updated(index, model.shown(index), model.balance(model.projects[index].user), changed: changed)
            case .beat(let method): return .beaten(try model.beat(method))
            case .cancel(let method):
                let (index, changed) = try model.cancel(method)
                return .updated(index, model.shown(index), model.balance(model.projects[index].user), changed: changed)
            case .retry(let method):
                let (index, replayed) = try model.retry(method)
                let balance = model.balance(model.projects[index].user)
                return .created(index, model.shown(index), balance, replayed: replayed)
            case .grant(let method):
                let (index, replayed) = try model.post(
                    .grant, method.userId, method.credits, method.reason, method.idempotencyKey)
                return .posted(index, model.balance(method.userId), replayed: replayed)
            case .adjust(let method):
                let (index, replayed) = try model.post(
                    .adjustment, method.userId, method.credits, method.reason, method.idempotencyKey)
                return .posted(index, model.balance(method.userId), replayed: replayed)
            default: return .nothing
            }
        } catch {
            return .refused(error)
        }
    }

    private mutating func check(_ expected: Expected, _ result: Result<[UInt8], RPCError>) throws {
        switch (expected, result) {
        case (.refused(let refusal), .failure(let error)):
            try equal(ModelLedger.Refusal(error), refusal, "refusal")
        case (.created(let index, var project, let balance, let replayed), .success(let text)):
            let response = try CreateProject.Response.decoded(text)
            if !replayed { try learn(response.project.projectId, of: index) }
            project.projectId = model.projects[index].id ?? .blank
            project.retryOf = model.projects[index].retryOf.flatMap { model.projects[$0].id }
            try same(response.project, project)
            try same(response.balance, balance)
            try equal(response.replayed, replayed, "replayed")
        case (.updated(let index, var project, let balance, let changed), .success(let text)):
            let response = try UpdateStatus.Response.decoded(text)
            project.projectId = model.projects[index].id ?? .blank
            project.retryOf = model.projects[index].retryOf.flatMap { model.projects[$0].id }
            try same(response.project, project)
            try same(response.balance, balance)
            try equal(response.changed, changed, "changed")
            try equal(response.creditsRefunded, project.creditsRefunded, "creditsRefunded")
        case (.beaten(let response), .success(let text)):
            try same(try Heartbeat.Response.decoded(text), response)
        case (.posted(let index, let balance, let replayed), .success(let text)):
            let response = try PostedEntry.decoded(text)
            if replayed { try equal(response.entry.entryId, entryIDs[index], "entryId") }
            entryIDs[index] = response.entry.entryId
            try same(withoutID(response.entry), model.shownEntry(index))
            try same(response.balance, balance)
            try equal(response.replayed, replayed, "replayed")
        case (.refused(let refusal), .success(let text)):
            throw Difference(description: "expected \(refusal), got \(String(decoding: text, as: UTF8.self))")
        case (_, .failure(let error)):
            throw Difference(description: "expected success, got \(error)")
        case (.nothing, _):
            throw Difference(description: "a read was queued as a write")
        }
    }

    private mutating func learn(_ id: ProjectID, of index: Int) throws {
        guard newestID.map({ ($0.high, $0.low) < (id.high, id.low) }) ?? true else {
            throw Difference(description: "id \(id) does not sort after \(newestID?.description ?? "")")
        }
        newestID = id
        model.projects[index].id = id
    }
}
