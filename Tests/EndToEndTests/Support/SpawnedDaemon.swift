import Foundation
import TestSupport
import Testing

/// A `lifecycled` started in other ways than `TestDaemon`: with inherited sockets, as another user, on a disk of its
/// own.
final class SpawnedDaemon: @unchecked Sendable {
    // Used by one task; `child` does not change.
    let socket: String?
    let child: ChildProcess
    private let output: ScratchFile

    /// - Parameters:
    ///   - wrapper: a program that execs what follows, with its arguments.
    ///   - passing: sockets to inherit as systemd passes them.
    ///   - standardError: instead of a file that `log` reads.
    init(
        database: String, socket: String? = nil, _ arguments: [String] = [], environment: [String: String] = [:],
        wrapper: [String] = [], passing: [Int32] = [], standardError: Int32? = nil
    ) throws {
        self.socket = socket
        output = try ScratchFile()
        var command = wrapper
        var environment = environment
        if !passing.isEmpty || environment["WATCHDOG_USEC"] != nil {
            // These must name the process that is told so, and only a shell knows its number in time.
            command += ["/bin/sh", "-c", #"LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$0" "$@""#]
            if !passing.isEmpty { environment["LISTEN_FDS"] = "\(passing.count)" }
        }
        command += [TestDaemon.binary, "--database", database] + (socket.map { ["--socket", $0] } ?? []) + arguments
        child = try ChildProcess(
            command[0], Array(command.dropFirst()), environment: environment, passing: passing,
            standardError: standardError ?? output.descriptor)
    }

    var log: String { output.text }

    func waitUntilServing() throws -> Self {
        try waitFor("the daemon to serve") {
            guard child.isRunning else { throw TestFailure("the daemon ended: \(log)") }
            return log.contains(" ready ")
        }
        return self
    }

    func connect() throws -> Connection { try Connection(socket ?? "") }

    func call(_ method: String, _ params: [String: Any] = [:]) throws -> Reply {
        try connect().call(method, params)
    }

    /// SIGTERM, and the exit code.
    @discardableResult
    func stop() -> Int32 {
        child.send(SIGTERM)
        return child.exitCode()
    }

    /// Waits for the end of a daemon that gives up by itself.
    /// - Returns: the exit code, and the one sentence that says why.
    func refusal() throws -> (code: Int32, sentence: String) {
        try waitFor("the daemon to give up") { !child.isRunning }
        return Self.refusal(child.exitCode(), log)
    }

    static func refusal(_ code: Int32, _ log: String) -> (code: Int32, sentence: String) {
        let sentences = log.split(separator: "\n").filter { $0.hasPrefix("lifecycled: ") }
        #expect(sentences.count == 1, "\(log)")
        return (code, sentences.last.map(String.init) ?? "")
    }
}

/// Starts a `TestDaemon` that is expected to give up by itself, or waits for one that runs to do so.
/// - Returns: the exit code, and the one sentence that says why.
func refusal(of daemon: TestDaemon, launch: Bool = false) throws -> (code: Int32, sentence: String) {
    let before = launch ? daemon.log.utf8.count : 0
    if launch { try daemon.launch() }
    try waitFor("the daemon to give up") { !daemon.isRunning }
    let code = daemon.exitCode()
    return SpawnedDaemon.refusal(code, String(decoding: daemon.log.utf8.dropFirst(before), as: UTF8.self))
}
