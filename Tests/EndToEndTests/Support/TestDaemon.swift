import Foundation
import Testing

/// A real `lifecycled` on a database and a socket of its own, in a folder that goes when the test ends.
final class TestDaemon: @unchecked Sendable {
    // `process` is replaced by restarts only, which a test does from one task.
    let folder: String
    let socket: String
    let database: String
    private let arguments: [String]
    private let environment: [String: String]
    private(set) var process: Process

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The binary that the package built beside this test.
    static let binary: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? Bundle.main.bundlePath
        let folder = URL(fileURLWithPath: bundle).deletingLastPathComponent()
        return folder.appendingPathComponent("lifecycled").path
    }()

    /// Starts the daemon and waits until it accepts connections.
    /// - Parameter folder: an existing one to go on with; a new one, short enough for a socket's path, when nil.
    init(_ arguments: [String] = [], environment: [String: String] = [:], folder: String? = nil) throws {
        self.folder = try folder ?? Self.makeFolder()
        socket = self.folder + "/s"
        database = self.folder + "/l.db"
        self.arguments = arguments
        self.environment = environment
        process = Process()
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    static func makeFolder() throws -> String {
        var template = Array("/tmp/lcr.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(description: "mkdtemp: \(errno)") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var log: String { (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "" }
    var pid: Int32 { process.processIdentifier }

    /// Starts it again on what the last run left.
    func start() throws {
        try launch()
        try waitFor("the daemon to listen") {
            guard process.isRunning else { throw Failure(description: "the daemon ended: \(log)") }
            return (try? Connection(socket)) != nil
        }
    }

    /// Starts it without waiting: for daemons that are expected to refuse.
    func launch() throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: Self.binary)
        process.arguments = ["--socket", socket, "--database", database] + arguments
        process.environment = ["PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"].merging(environment) { $1 }
        let log = folder + "/log"
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        guard let handle = FileHandle(forWritingAtPath: log) else { throw Failure(description: "cannot open \(log)") }
        handle.seekToEndOfFile()
        process.standardError = handle
        process.standardOutput = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    func connect() throws -> Connection { try Connection(socket) }

    /// One call on a connection of its own.
    func call(_ method: String, _ params: [String: Any] = [:]) throws -> Reply {
        try connect().call(method, params)
    }

    func kill() {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// SIGTERM, and the exit code.
    @discardableResult
    func stop() -> Int32 {
        if process.isRunning { process.terminate() }
        return exitCode()
    }

    /// Waits for the end of the process. A signal's number is negative.
    func exitCode() -> Int32 {
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}

/// Waits for a condition, as long as a slow machine may need.
func waitFor(_ what: String, atMost seconds: Double = 60, _ condition: () throws -> Bool) throws {
    let end = Date().addingTimeInterval(seconds)
    while try !condition() {
        guard Date() < end else { throw TestDaemon.Failure(description: "waited \(seconds) s in vain for \(what)") }
        usleep(2000)
    }
}
