internal import LifecycleCore
internal import LifecycleRPC
internal import Synchronization
internal import Testing

extension LedgerHarness {
    /// Calls a method; its parameters and its result go the way over JSON.
    func call<M: LifecycleCore.Method>(
        _ method: M, as caller: Caller = .tester
    ) async throws(RPCError) -> M.Response {
        try await M.Response.decoded(result(of: Call(method), as: caller).get())
    }

    /// What was refused, or nil.
    func error(_ call: Call, as caller: Caller = .tester) async -> RPCError? {
        switch await result(of: call, as: caller) {
        case .success: nil
        case .failure(let error): error
        }
    }

    func error<M: LifecycleCore.Method>(_ method: M, as caller: Caller = .tester) async -> RPCError? {
        await error(Call(method), as: caller)
    }

    /// The result's JSON text.
    func result(of call: Call, as caller: Caller = .tester) async -> Result<[UInt8], RPCError> {
        do throws(RPCError) {
            switch try call.bind() {
            case .read(.point, let read):
                do throws(RPCError) { return .success(try await point(read, caller)) } catch { return .failure(error) }
            case .read(_, let read):
                guard let store = try? store else { return .failure(.stopping) }
                return await withCheckedContinuation { done in
                    store.scans.submit(read, context(caller)) { result, _ in done.resume(returning: result.map(text)) }
                }
            case .write:
                return await results(of: [call], as: caller)[0]
            }
        } catch {
            return .failure(error)
        }
    }

    /// Reads several things at one moment.
    func snapshot<Value: Sendable>(
        _ body: @escaping @Sendable (ReadTransaction) throws(RPCError) -> Value
    ) async throws -> Value {
        let store = try store
        let seen = Seen<Value>()
        let context = context(.tester)
        let result = await withCheckedContinuation { done in
            store.scans.submit(
                { store, _ throws(RPCError) in
                    seen.put(try body(store))
                    return { $0.null() }
                }, context
            ) { result, _ in done.resume(returning: result) }
        }
        _ = try result.get()
        return try #require(seen.value)
    }

    /// Queues writes at once, which are then committed together. What never reaches the queue fails in its place.
    /// - Parameter source: whose writes are carried out in their order, as one connection's.
    func results(of calls: [Call], as caller: Caller = .tester, source: AnyObject? = nil) async -> [Result<
        [UInt8], RPCError
    >] {
        guard let store = try? store, !calls.isEmpty else { return calls.map { _ in .failure(.stopping) } }
        let gathered = Gathered(calls.count)
        let source = source.map(ObjectIdentifier.init)
        return await withCheckedContinuation { done in
            gathered.whenComplete { done.resume(returning: $0) }
            var jobs: [WriteJob] = []
            for (index, call) in calls.enumerated() {
                do throws(RPCError) {
                    guard case .write(let worksOnFullDisk, let write) = try call.bind() else {
                        throw .invalidRequest("\(call.method) is no write")
                    }
                    jobs.append(
                        WriteJob(worksOnFullDisk: worksOnFullDisk, caller: caller, source: source, run: write) {
                            outcome in
                            self.add(outcome.effects)
                            gathered.put(outcome.result.map(text), at: index)
                        })
                } catch {
                    gathered.put(.failure(error), at: index)
                }
            }
            store.writes.submit(jobs)
        }
    }
}

/// Results that come one by one, from any thread, handed on once when all are there.
private final class Gathered: Sendable {
    private struct State {
        var results: [Result<[UInt8], RPCError>?]
        var missing: Int
        var completion: (@Sendable ([Result<[UInt8], RPCError>]) -> Void)?
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(results: Array(repeating: nil, count: count), missing: count)) }

    func whenComplete(_ completion: @escaping @Sendable ([Result<[UInt8], RPCError>]) -> Void) {
        state.withLock { $0.completion = completion }
    }

    func put(_ result: Result<[UInt8], RPCError>, at index: Int) {
        let (completion, results) = state.withLock { state in
            state.results[index] = result
            state.missing -= 1
            return (state.missing == 0 ? state.completion : nil, state.results)
        }
        completion?(results.compactMap(\.self))
    }
}

/// A value that a read brings out of its thread.
private final class Seen<Value: Sendable>: Sendable {
    private let state = Mutex<Value?>(nil)
    var value: Value? { state.withLock(\.self) }
    func put(_ value: Value) { state.withLock { $0 = value } }
}
