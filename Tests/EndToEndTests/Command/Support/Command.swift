import Foundation
import TestSupport

/// A run of `lifecyclectl` to its end.
struct Command {
    let code: Int32
    let output: String
    let errors: String

    /// The binary that the package built beside this test.
    static let binary = URL(fileURLWithPath: TestDaemon.binary).deletingLastPathComponent()
        .appendingPathComponent("lifecyclectl").path

    init(
        _ arguments: [String], socket: String? = nil, wrapper: [String] = [], environment: [String: String] = [:],
        input: String = ""
    ) throws {
        let all = wrapper + [Self.binary] + arguments
        (code, output, errors) = try ChildProcess.run(
            all[0], Array(all.dropFirst()),
            environment: (socket.map { ["LIFECYCLE_SOCKET": $0] } ?? [:]).merging(environment) { $1 }, input: input)
    }

    var lines: [String] { output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
}

extension TestDaemon {
    func command(_ arguments: String..., environment: [String: String] = [:], input: String = "") throws -> Command {
        try Command(arguments, socket: socket, environment: environment, input: input)
    }

    /// A run that must succeed, and what it printed.
    func output(_ arguments: String...) throws -> String {
        let run = try Command(arguments, socket: socket)
        guard run.code == 0 else { throw TestFailure("\(arguments): exit code \(run.code): \(run.errors)") }
        return run.output
    }
}

extension String {
    /// With what differs from run to run replaced by words of the same width.
    var masked: String {
        replacing(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, with: "PROJECT-ID--------------------------")
            .replacing(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/, with: "DATE------ TIME----Z")
            .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/, with: "TIMESTAMP")
            .replacing(/\d+ ms|[\d.]+ s\b|[\d.]+ µs/, with: "SECONDS")
    }

    /// Masked, and with the callers of a history, whose numbers have no fixed width.
    var maskedHistory: String {
        masked.replacing(/Z( +\d+){3}/, with: "Z UID GID PID").replacing(/uid \d+, pid \d+/, with: "uid UID, pid PID")
            .replacing(/UID +GID +PID/, with: "UID GID PID")
    }
}
