import Foundation
import Synchronization
import TestSupport
import Testing

/// One daemon for all tests that run at the moment and need nothing special of it: a test keeps it, and it goes with
/// the last one. Users are the test's own (`newUser`), so that none sees another's.
enum SharedDaemon {
    private struct State {
        weak var daemon: TestDaemon?
        var users = 0
    }

    private static let state = Mutex(State())

    static func get() throws -> TestDaemon {
        try state.withLock { state in
            if let daemon = state.daemon { return daemon }
            let daemon = try TestDaemon()
            state.daemon = daemon
            return daemon
        }
    }

    static func newUser() -> String {
        state.withLock { state in
            state.users += 1
            return "user\(state.users)"
        }
    }
}

/// A request that always has the same answer, to see that a connection still works.
enum Ping {
    static let result = #""result":{"userId":"nobody","available":0,"held":0}"#

    static func request(id: String = "\"ping\"") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"getBalance","params":{"userId":"nobody"}}"#
    }

    static func reply(id: String = "\"ping\"") -> String { #"{"jsonrpc":"2.0","id":\#(id),\#(result)}"# }
}

extension TestDaemon {
    /// Sends all of it, ends the input, and gives every line that comes back.
    func exchange(_ input: [UInt8]) throws -> [String] {
        let connection = try connect()
        let sending = BackgroundSend(input, to: connection, endsInput: true)
        let lines = try connection.lines()
        try sending.wait()
        return lines
    }

    func exchange(_ input: String) throws -> [String] { try exchange(Array(input.utf8)) }

    /// The one line that answers this line.
    func answer(to request: String) throws -> String {
        let lines = try exchange(request + "\n")
        guard lines.count == 1 else { throw TestFailure("\(lines.count) replies to \(request): \(lines)") }
        return lines[0]
    }

    /// All that is known of a user, to see that nothing has changed.
    func snapshot(of user: String) throws -> [String] {
        let connection = try connect()
        return try [
            connection.call("getBalance", ["userId": user]).line,
            connection.call("listProjects", ["userId": user, "includeStats": true, "limit": 500]).line,
            connection.call("listEntries", ["userId": user, "limit": 500]).line,
        ]
    }

    /// A figure of the process, in KiB: `VmRSS`, `VmHWM`.
    func memory(_ name: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        let digits = line?.filter(\.isNumber) ?? ""
        return try #require(Int(digits))
    }

    /// Open file descriptors of the process.
    func openFiles() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
    }

    /// What it and the kernel on its behalf have used of the processors.
    func processorTime() throws -> Duration {
        let status = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = status.split(separator: ")")[1].split(separator: " ")
        let ticks = try #require(Int(fields[11])) + #require(Int(fields[12]))
        return .seconds(ticks) / sysconf(Int32(_SC_CLK_TCK))
    }
}

/// Sends while the test reads: what is longer than the sockets hold would else wait for itself.
final class BackgroundSend: Sendable {
    private let failure = Mutex<(any Error)?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ bytes: [UInt8], to connection: Connection, endsInput: Bool = false) {
        Thread.detachNewThread { [self] in
            do {
                try connection.send(bytes)
                if endsInput { connection.shutdownWriting() }
            } catch {
                failure.withLock { $0 = error }
            }
            done.signal()
        }
    }

    /// Waits for its end. To be called once.
    func wait() throws {
        done.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
