import Foundation

/// A process made by posix_spawn: Foundation's `Process` crashes its caller at random on Linux.
final class ChildProcess: @unchecked Sendable {
    // One task at a time uses it.
    private let pid: pid_t
    private var isReaped = false

    /// - Parameter log: the file that gets what it writes.
    init(_ program: String, _ arguments: [String], environment: [String: String] = [:], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // The threads that tests run in may block signals, and a child that inherits that cannot be stopped by SIGTERM.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SWIFT_BACKTRACE": "enable=no"].merging(environment)
        { $1 }
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw TestFailure("\(program): \(String(cString: strerror(code)))") }
        self.pid = pid
    }

    deinit { end(SIGKILL) }

    /// Sends the signal and waits for the end.
    ///
    /// - Returns: how it ended, as wait(2) says it: 0 when it ended itself, in success.
    @discardableResult
    func end(_ signal: Int32) -> Int32 {
        guard !isReaped else { return 0 }
        kill(pid, signal)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        isReaped = true
        return status
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Waits for a condition, as long as a slow machine may need; less than the time limit of every suite.
func waitFor(_ what: String, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(300)
    while try await !condition() {
        guard .now < end else { throw TestFailure("waited in vain for \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
