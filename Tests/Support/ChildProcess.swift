package import Foundation

/// A process made by posix_spawn. Not Foundation's `Process`, whose `run()` reads beyond a buffer on Linux and then
/// takes all tests with it, and which cannot hand descriptors on.
package final class ChildProcess: @unchecked Sendable {
    // Used by one task at a time.
    package let pid: pid_t
    private var status: Int32?

    /// What a child gets that is to have the environment of the tests.
    package static let inheritedEnvironment = ProcessInfo.processInfo.environment

    /// - Parameters:
    ///   - program: a path, or a name to look for in the `PATH` of the tests.
    ///   - environment: with a `PATH` of the system's folders, all that the child gets.
    ///   - passing: become descriptors 3, 4, … of the child, which gets no others.
    ///   - standardInput: /dev/null when nil.
    ///   - standardOutput: the same as standard error when nil.
    ///   - standardError: /dev/null when nil.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], passing: [Int32] = [],
        standardInput: Int32? = nil, standardOutput: Int32? = nil, standardError: Int32? = nil
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, source) in [standardInput, standardOutput ?? standardError, standardError].enumerated() {
            if let source {
                posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
            } else {
                posix_spawn_file_actions_addopen(&actions, Int32(target), "/dev/null", O_RDWR, 0)
            }
        }
        // First out of the way of 3, 4, …: one of them may be among the numbers that they get.
        let copies = passing.map { fcntl($0, F_DUPFD_CLOEXEC, 100) }
        defer { for copy in copies { close(copy) } }
        for (index, copy) in copies.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, copy, Int32(3 + index))
        }
        // Connections and pipes of other tests, which would not end while a child has them.
        guard closeFrom(&actions, Int32(3 + passing.count)) == 0 else { throw TestFailure("closefrom: no memory") }

        // The threads that tests run in may block signals, and a child that inherits that cannot be stopped by SIGTERM.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        // It must not ignore signals either: nohup ignores SIGHUP, and a shell's background job SIGINT and SIGQUIT.
        var byDefault = sigset_t()
        sigemptyset(&byDefault)
        for signal in [SIGHUP, SIGINT, SIGQUIT] { sigaddset(&byDefault, signal) }
        posix_spawnattr_setsigdefault(&attributes, &byDefault)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SWIFT_BACKTRACE": "enable=no"].merging(environment)
        { $1 }
        // By its whole path: Python looks for the folder of its library where the first word leads, and by the child's
        // PATH a name may lead to another Python than the one that is started.
        let program = Self.path(of: program)
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, program, &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw TestFailure("\(program): \(String(cString: strerror(code)))") }
        self.pid = pid
    }

    /// Where the `PATH` of the tests has it; a path as it is.
    private static func path(of program: String) -> String {
        guard !program.contains("/") else { return program }
        return (inheritedEnvironment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? program
    }

    deinit { kill() }

    package var isRunning: Bool { reap(WNOHANG) == nil }

    /// The paths of what it has open, resolved.
    package var openFiles: Set<String> {
        let folder = "/proc/\(pid)/fd/"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return Set(names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: folder + $0) })
    }

    package func send(_ signal: Int32) {
        if isRunning { Foundation.kill(pid, signal) }
    }

    package func kill() {
        send(SIGKILL)
        exitCode()
    }

    /// Waits for the end. A signal's number is negative.
    @discardableResult
    package func exitCode() -> Int32 { reap(0) ?? 0 }

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
    /// - Parameter input: all that it finds on standard input.
    /// - Returns: its exit code, and what it wrote to standard output and to standard error.
    package static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], input: String = ""
    ) throws -> (code: Int32, output: String, errors: String) {
        let (input, output, errors) = (try ScratchFile(input), try ScratchFile(), try ScratchFile())
        let child = try ChildProcess(
            program, arguments, environment: environment, standardInput: input.descriptor,
            standardOutput: output.descriptor, standardError: errors.descriptor)
        return (child.exitCode(), output.text, errors.text)
    }
}

/// Of glibc 2.34 and later, behind a macro that Swift's Glibc module does not set.
@_silgen_name("posix_spawn_file_actions_addclosefrom_np")
private func closeFrom(_ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ first: Int32) -> Int32
