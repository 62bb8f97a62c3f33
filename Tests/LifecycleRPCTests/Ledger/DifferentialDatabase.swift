internal import LifecycleCore
internal import LifecycleRPC
internal import Synchronization

/// The real store, asked from the text of the request on. Reads go through the writer's connection, too, so that many
/// requests fit into one commit.
final class DifferentialDatabase: Sendable {
    private struct State {
        var names = ProjectNames()
        var answers: [String] = []
    }

    private let ledger: LedgerHarness
    private let state = Mutex(State())

    init(_ ledger: LedgerHarness) { self.ledger = ledger }

    func answers(to requests: [DifferentialRequest]) async -> [String] {
        guard let writes = try? ledger.store.writes, !requests.isEmpty else { return [] }
        return await withCheckedContinuation { done in
            var jobs: [WriteJob] = []
            for request in requests {
                jobs.append(self.job { _, _ throws(RPCError) in self.ledger.now = request.time.milliseconds })
                jobs.append(
                    self.job { store, context throws(RPCError) in
                        while try Sweep.run(in: store, context, resumedAt: nil) == Sweep.batch {}
                    })
                jobs.append(
                    WriteJob(
                        worksOnFullDisk: true, caller: .tester,
                        run: { store, context throws(RPCError) in try self.run(request, store, context) },
                        completion: { outcome in
                            let count = self.keep(outcome.result.map(text))
                            if count == requests.count { done.resume(returning: self.takeAnswers()) }
                        }))
            }
            writes.submit(jobs)
        }
    }

    /// What the daemon does beside answering; that it fails shows in the answers that follow.
    private func job(
        _ body: @escaping @Sendable (any WriteTransaction, CallContext) throws(RPCError) -> Void
    ) -> WriteJob {
        WriteJob(
            worksOnFullDisk: true, caller: .tester,
            run: { store, context throws(RPCError) in
                try body(store, context)
                return { $0.null() }
            }, completion: { _ in })
    }

    private func run(
        _ request: DifferentialRequest, _ store: any WriteTransaction, _ context: CallContext
    ) throws(RPCError) -> Reply {
        let params = state.withLock { $0.names.ids(in: request.params) }
        let line = #"{"jsonrpc":"2.0","id":1,"method":"\#(request.method)","params":\#(params)}"#
        guard case .single(let call) = Dispatcher(limits: ledger.limits).work(for: Array(line.utf8), from: .tester)
        else { throw .invalidRequest("a batch") }
        let reply =
            switch call.step {
            case .refuse(let error): throw error
            case .run(.read(_, let read)): try read(store, context)
            case .run(.write(_, let write)): try write(store, context)
            }
        // The next requests of the same commit name this one's project.
        _ = state.withLock { $0.names.answer(.success(text(reply))) }
        return reply
    }

    /// - Returns: how many there are now.
    private func keep(_ result: Result<[UInt8], RPCError>) -> Int {
        state.withLock { state in
            state.answers.append(state.names.answer(result))
            return state.answers.count
        }
    }

    private func takeAnswers() -> [String] {
        state.withLock { state in
            defer { state.answers = [] }
            return state.answers
        }
    }
}
