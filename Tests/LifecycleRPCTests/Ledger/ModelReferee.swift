internal import LifecycleCore

/// Compares what a ledger answers with what the model says.
struct ModelReferee {
    var model: ModelLedger
    /// The one whom the history names where a clock has run out.
    let daemon: Caller
    /// Whether all that is due is settled before anything is asked.
    let hasAlarm: Bool
    private var newestID: ProjectID?
    /// What the ledger called the model's entries, where it said so.
    private var entryIDs: [Int: Int64] = [:]

    /// What the model expects of a write, with the model's own numbers of projects and entries.
    enum Expected {
        case created(Int, Project, Balance, replayed: Bool)
        case updated(Int, Project, Balance, changed: Bool)
        case beaten(Heartbeat.Response)
        case posted(Int, Balance, replayed: Bool)
        case nothing
        case refused(ModelLedger.Refusal)
    }

    init(_ model: ModelLedger, daemon: Caller, hasAlarm: Bool = true) {
        self.model = model
        self.daemon = daemon
        self.hasAlarm = hasAlarm
    }

    /// Does a write in the model.
    mutating func expect(_ operation: ModelOperation) -> Expected {
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

    mutating func check(_ expected: Expected, _ result: Result<[UInt8], RPCError>) throws {
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

struct Difference: Error, CustomStringConvertible {
    let description: String
}
