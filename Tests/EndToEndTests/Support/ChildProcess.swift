import Foundation

/// A process made by posix_spawn, for what Foundation's `Process` cannot: handing descriptors on, and standard error of
/// one's own.
final class ChildProcess: @unchecked Sendable {
    // Used by one task at a time.
    let pid: pid_t
    private var status: Int32?

    /// - Parameters:
    ///   - passing: become descriptors 3, 4, … of the child, which gets no others.
    ///   - standardError: for standard output too; /dev/null when nil.
    init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], passing: [Int32] = [],
        standardError: Int32? = nil
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, standardError ?? 0, 2)
        posix_spawn_file_actions_adddup2(&actions, 2, 1)
        // First out of the way of 3, 4, …: one of them may be among the numbers that they get.
        let copies = passing.map { fcntl($0, F_DUPFD_CLOEXEC, 100) }
        defer { for copy in copies { close(copy) } }
        for (index, copy) in copies.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, copy, Int32(3 + index))
        }
        // Connections of other tests, which would not end while a child has them. Closing what is not open is no error.
        for descriptor in Int32(3 + passing.count)..<4096 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }

        let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SWIFT_BACKTRACE": "enable=no"].merging(environment)
        { $1 }
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, program, &actions, nil, &argv, &envp)
        guard code == 0 else {
            throw TestDaemon.Failure(description: "\(program): \(String(cString: strerror(code)))")
        }
        self.pid = pid
    }

    deinit { kill() }

    var isRunning: Bool { reap(WNOHANG) == nil }

    func send(_ signal: Int32) {
        if isRunning { Foundation.kill(pid, signal) }
    }

    func kill() {
        send(SIGKILL)
        exitCode()
    }

    /// Waits for the end. A signal's number is negative.
    @discardableResult
    func exitCode() -> Int32 { reap(0) ?? 0 }

    private func reap(_ options: Int32) -> Int32? {
        if let status { return status }
        var raw: Int32 = 0
        while true {
            let found = waitpid(pid, &raw, options)
            if found == 0 { return nil }
            if found < 0, errno == EINTR { continue }
            let signal = raw & 0x7f
            status = signal == 0 ? (raw >> 8) & 0xff : -signal
            return status
        }
    }

    /// Runs a program to its end.
    /// - Returns: its exit code, and what it wrote to standard output and standard error.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], passing: [Int32] = []
    ) throws -> (code: Int32, output: String) {
        let output = try ScratchFile()
        let child = try ChildProcess(
            program, arguments, environment: environment, passing: passing, standardError: output.descriptor)
        return (child.exitCode(), output.text)
    }
}

/// A file without a name, for the output of a child.
final class ScratchFile: @unchecked Sendable {
    // The descriptor does not change.
    let descriptor: Int32

    init() throws {
        var template = Array("/tmp/lcr.XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw TestDaemon.Failure(description: "mkstemp: \(errno)") }
        unlink(template)
        _ = fcntl(descriptor, F_SETFL, O_APPEND)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit { close(descriptor) }

    /// All that was written so far.
    var text: String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = pread(descriptor, &chunk, chunk.count, off_t(bytes.count))
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}
