import LifecycleCore

/// The model of the tests is asked the same, as long as it knows everything that is done.
struct Judge {
    private var referee: ModelReferee? = {
        var model = ModelLedger(limits: .fuzzed, now: FuzzClock.start)
        // The daemon has run for ever.
        model.resumedAt = .min
        return ModelReferee(model, daemon: .daemon)
    }()

    /// - Parameter call: with real ids; nil: nothing was asked.
    mutating func note(_ step: Step, _ call: (params: String, result: Result<[UInt8], RPCError>)?) {
        switch step {
        case .advance(let milliseconds): referee?.model.now += milliseconds
        case .writeBeats: break
        case .detach, .restore, .trim: referee = nil
        case .call(let method, _):
            guard let call, var referee else { return }
            referee.model.settle()
            do {
                try Self.check(method, call.params, call.result, &referee)
                self.referee = referee
            } catch is Unknown {
                self.referee = nil
            } catch {
                require(false, "\(step): \(error)")
            }
        }
    }

    /// What the model does not know, and nothing is wrong with.
    private struct Unknown: Error {}

    private static func check(
        _ method: String, _ params: String, _ result: Result<[UInt8], RPCError>, _ referee: inout ModelReferee
    ) throws {
        guard let operation = try operation(method, params, referee.model) else {
            return
        }
        switch operation {
        case .getStatus, .getBalance, .listProjects, .listEntries, .explain: try referee.check(operation, result)
        default: try referee.check(referee.expect(operation), result)
        }
    }

    /// - Returns: nil: the model says nothing of it, and nothing changes by it.
    private static func operation(_ method: String, _ params: String, _ model: ModelLedger) throws -> ModelOperation? {
        func read<M: Method>(_ type: M.Type) -> M? {
            try? ParamsReader.read(params.isEmpty ? nil : JSONDocument(parsing: Array(params.utf8)).root)
        }
        switch method {
        case "createProject":
            guard let create = read(CreateProject.self) else { return nil }
            // The same in other words is the same to the ledger.
            if create.metadata != nil, case .project? = model.use(create.userId, create.idempotencyKey) {
                throw Unknown()
            }
            return .create(create)
        case "updateStatus": return read(UpdateStatus.self).map { .update($0) }
        case "heartbeat": return read(Heartbeat.self).map { .beat($0) }
        case "cancelProject": return read(CancelProject.self).map { .cancel($0) }
        case "retryProject": return read(RetryProject.self).map { .retry($0) }
        case "grantCredits": return read(GrantCredits.self).map { .grant($0) }
        case "adjustCredits": return read(AdjustCredits.self).map { .adjust($0) }
        case "getStatus": return read(GetStatus.self).map { .getStatus($0) }
        case "getBalance": return read(GetBalance.self).map { .getBalance($0) }
        case "listProjects": return read(ListProjects.self).map { .listProjects($0) }
        case "listEntries":
            // Cursors are the ledger's own numbers.
            return read(ListEntries.self).flatMap { $0.cursor == nil ? .listEntries($0) : nil }
        case "explainProject": return read(ExplainProject.self).map { .explain($0) }
        default: return nil
        }
    }
}

/// As the tests call it.
extension Caller {
    static let tester = fuzzer
}
