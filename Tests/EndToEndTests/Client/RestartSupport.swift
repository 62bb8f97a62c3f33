import Foundation
import LifecycleClient
import Synchronization
import TestSupport

@testable import LifecycleClient

extension TestDaemon {
    /// Stops its process where it stands: what is sent to it waits in the kernel until `thaw`.
    func freeze() throws {
        send(SIGSTOP)
        try waitFor("the daemon to stand still") {
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
            return threads.allSatisfy { thread in
                let line = try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/stat", encoding: .utf8)
                // The state stands behind the name, which is in parentheses.
                return line?.split(separator: ")").last?.hasPrefix(" T") ?? true
            }
        }
    }

    func thaw() { send(SIGCONT) }
}

extension LifecycleClient {
    private var socketTransport: SocketTransport? { transport as? SocketTransport }

    /// Calls without an outcome.
    var pendingCalls: Int { socketTransport?.state.withLock { $0.calls.count } ?? 0 }

    /// Calls that the kernel has all bytes of, and that nobody answered.
    var sentCalls: Int {
        socketTransport?.state.withLock { state in
            let isWritten = state.connection.map { !$0.isWriting && $0.outgoing.isEmpty } ?? false
            return isWritten ? state.calls.inFlight : 0
        } ?? 0
    }

    /// Its last try to connect failed.
    var isCutOff: Bool { socketTransport?.state.withLock { $0.outage != nil } ?? false }

    /// It takes no more calls.
    var isEnding: Bool { socketTransport?.state.withLock { [.closing, .closed].contains($0.phase) } ?? true }
}

/// Waits for a condition without holding one of the few threads that tasks run in. Counts looks and not time, so that
/// it does not give up when other tests hold all of those threads for long.
func waitWithoutThread(
    for what: String, atMost seconds: Int = 30, _ condition: () throws -> Bool
) async throws {
    for _ in 0..<seconds * 100 {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw TestFailure("waited in vain for \(what)")
}

/// Runs a body that blocks in a thread of its own.
func inThread(_ body: @escaping @Sendable () throws -> Void) async throws {
    let result: Result<Void, any Error> = await withCheckedContinuation { waiter in
        Thread { waiter.resume(returning: Result { try body() }) }.start()
    }
    try result.get()
}
