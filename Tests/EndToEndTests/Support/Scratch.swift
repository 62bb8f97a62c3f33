import Foundation

/// A folder that goes with the test, and what is in it.
final class ScratchFolder: Sendable {
    let path: String

    init() throws { path = try TestDaemon.makeFolder() }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// What the machine lets a test do: tests of the rest are skipped by a condition.
enum Machine {
    static let isRoot = geteuid() == 0
    static let hasStrace = isRoot && has("strace")
    static let hasPython = has("python3")
    static let hasSocketActivate = has("systemd-socket-activate")

    /// Root may do everything, so that what modes forbid needs another user, who must be able to run the binary.
    static let canDropRoot: Bool = {
        guard isRoot else { return true }
        return (try? ChildProcess.run("setpriv", asNobody + [TestDaemon.binary, "--version"]).code) == 0
    }()

    static let asNobody = ["--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups"]
    static let nobody: uid_t = 65534

    static func has(_ program: String) -> Bool {
        (try? ChildProcess.run("sh", ["-c", "command -v \(program)"]).code) == 0
    }
}

/// Runs a body in threads of its own, not of Swift's pool, which has few and must not block; returns when all have ended.
func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let errors = Box<[any Error]>([])
    let group = DispatchGroup()
    for index in 0..<count {
        group.enter()
        Thread {
            do { try body(index) } catch { errors.change { $0.append(error) } }
            group.leave()
        }.start()
    }
    group.wait()
    if let error = errors.value.first { throw error }
}

/// A value that threads share.
final class Box<Value>: @unchecked Sendable {
    // Every access holds the lock.
    private let lock = NSLock()
    private var stored: Value

    init(_ value: Value) { stored = value }

    var value: Value { lock.withLock { stored } }

    @discardableResult
    func change<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        try lock.withLock { try body(&stored) }
    }
}
