import Foundation
import TestSupport
import Testing

/// A real `lifecycled` on a database and a socket of its own, in a folder that goes when the test ends.
final class TestDaemon: @unchecked Sendable {
    // `child` is replaced by restarts only, which a test does from one task.
    let folder: String
    let socket: String
    let database: String
    private let arguments: [String]
    private let environment: [String: String]
    private var child: ChildProcess
    private let test = Test.current.map { $0.displayName ?? $0.name } ?? "none"

    /// The binary that the package built beside this test.
    static let binary: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? Bundle.main.bundlePath
        let folder = URL(fileURLWithPath: bundle).deletingLastPathComponent()
        return folder.appendingPathComponent("lifecycled").path
    }()

    /// Starts the daemon and waits until it accepts connections.
    /// - Parameter folder: an existing one to go on with; a new one, short enough for a socket's path, when nil.
    init(_ arguments: [String] = [], environment: [String: String] = [:], folder: String? = nil) throws {
        self.folder = try folder ?? ScratchFolder.make()
        socket = self.folder + "/s"
        database = self.folder + "/l.db"
        self.arguments = ["--socket", socket, "--database", database] + arguments
        self.environment = environment
        child = try Self.launch(self.arguments, environment, in: self.folder)
        try waitUntilListening()
    }

    deinit {
        kill()
        keepLog()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Where `dev/run-tests` finds it when the test has failed.
    private func keepLog() {
        guard let logs = ProcessInfo.processInfo.environment["LIFECYCLE_TEST_LOGS"] else { return }
        try? "test: \(test)\n\(log)".write(toFile: "\(logs)/\(UUID())", atomically: false, encoding: .utf8)
    }

    /// The lines of its log that are whole: what follows the last LF is being written and may end anywhere.
    var logLines: [String] { log.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) }

    var log: String { (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "" }
    var pid: Int32 { child.pid }
    var isRunning: Bool { child.isRunning }

    /// Starts it again on what the last run left.
    func start() throws {
        try launch()
        try waitUntilListening()
    }

    /// Starts it without waiting: for daemons that are expected to refuse.
    func launch() throws { child = try Self.launch(arguments, environment, in: folder) }

    private static func launch(
        _ arguments: [String], _ environment: [String: String], in folder: String
    ) throws -> ChildProcess {
        let log = open(folder + "/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard log >= 0 else { throw TestFailure("cannot open the log in \(folder): \(errno)") }
        defer { close(log) }
        return try ChildProcess(binary, arguments, environment: environment, standardError: log)
    }

    private func waitUntilListening() throws {
        try waitFor("the daemon to listen") {
            guard isRunning else { throw TestFailure("the daemon ended: \(log)") }
            return (try? Connection(socket)) != nil
        }
    }

    func connect() throws -> Connection { try Connection(socket) }

    /// One call on a connection of its own.
    func call(_ method: String, _ params: [String: Any] = [:]) throws -> Reply {
        try connect().call(method, params)
    }

    func send(_ signal: Int32) { child.send(signal) }

    func kill() { child.kill() }

    /// SIGTERM, and the exit code.
    @discardableResult
    func stop() -> Int32 {
        send(SIGTERM)
        return exitCode()
    }

    /// Waits for the end of the process. A signal's number is negative.
    func exitCode() -> Int32 { child.exitCode() }
}
