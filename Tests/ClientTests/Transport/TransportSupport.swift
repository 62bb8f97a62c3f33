import LifecycleClient
import Synchronization
import TestSupport

@testable import LifecycleClient

/// Fails with the step's name when it hangs, in place of the whole test.
func finish<Value: Sendable>(
    _ step: String, within limit: Duration = .seconds(300), _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let first = Box<CheckedContinuation<Result<Value, any Error>, Never>?>(nil)
    let end = { @Sendable (result: Result<Value, any Error>) in
        first.change { waiting in
            defer { waiting = nil }
            return waiting
        }?.resume(returning: result)
    }
    var timer: Task<Void, any Error>?
    defer { timer?.cancel() }
    let result = await withCheckedContinuation { continuation in
        first.change { $0 = continuation }
        Task {
            do { end(.success(try await body())) } catch { end(.failure(error)) }
        }
        timer = Task {
            try await Task.sleep(for: limit)
            end(.failure(TestFailure("hangs: \(step)")))
        }
    }
    return try result.get()
}

/// The error that a step ends with.
func failure(
    _ step: String, within limit: Duration = .seconds(300), _ body: @escaping @Sendable () async throws -> some Sendable
) async throws -> ClientError {
    do { _ = try await finish(step, within: limit, body) } catch let error as ClientError { return error }
    throw TestFailure("no error: \(step)")
}

/// Waits for a condition without holding a thread.
func eventually(_ what: String, _ condition: () -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(300)
    while !condition() {
        guard ContinuousClock.now < end else { throw TestFailure("waited in vain for \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}

extension LifecycleClient {
    /// A client of a server that needs no patience. On a starved machine a minute may pass between two calls, and the
    /// connection must still be the same.
    convenience init(_ path: String, _ change: (inout ClientConfiguration) -> Void = { _ in }) {
        var configuration = ClientConfiguration(socketPath: path)
        configuration.callTimeout = .seconds(300)
        configuration.idleTimeout = .seconds(3600)
        change(&configuration)
        self.init(configuration)
    }

    /// A call that may be repeated; checks that the answer is the call's own.
    func ask(_ user: String = "u", timeout: Duration? = nil) async throws {
        let balance = try await call(GetBalance(userId: user), timeout: timeout)
        guard balance.userId == user else { throw TestFailure("\(user) got the answer of \(balance.userId)") }
    }

    /// A call that may not be sent twice.
    func askOnce(_ user: String = "u", timeout: Duration? = nil) async throws {
        let result = try await call(method: "getBalance", params: #"{"userId":"\#(user)"}"#, timeout: timeout)
        guard result.contains(#""userId":"\#(user)""#) else { throw TestFailure("\(user) got \(result)") }
    }
}

extension LifecycleClient {
    var socketTransport: SocketTransport? { transport as? SocketTransport }
    /// Calls without an outcome.
    var pending: Int { socketTransport?.state.withLock { $0.calls.count } ?? 0 }
    /// Leases that are tied to its connection, or shall be.
    var leases: Int { socketTransport?.state.withLock { $0.leases.count } ?? 0 }
    /// Its last try to connect failed.
    var isOut: Bool { socketTransport?.state.withLock { $0.outage != nil } ?? false }
    var isClosing: Bool { socketTransport?.state.withLock { [.closing, .closed].contains($0.phase) } ?? true }
    /// What it has taken from its calls to write, and the kernel did not take yet.
    var outgoingBytes: Int { socketTransport?.state.withLock { $0.connection?.outgoing.count } ?? 0 }
}
