import Foundation
import TestSupport

/// Another program that runs one statement in the database and holds what it got until its input ends.
final class Foreigner: @unchecked Sendable {
    // Used by one task.
    private let process: ChildProcess
    private let output: ScratchFile
    private let input: Int32

    init(_ database: String, _ statements: [String]) throws {
        let script = """
            import os, sqlite3, sys
            c = sqlite3.connect(sys.argv[1], isolation_level=None)
            for s in sys.argv[2:]: c.execute(s).fetchall()
            print("ready", flush=True)
            os.read(3, 1)
            """
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TestFailure("pipe: \(errno)") }
        let output = try ScratchFile()
        process = try ChildProcess(
            "python3", ["-c", script, database] + statements, passing: [ends[0]], standardError: output.descriptor)
        close(ends[0])
        self.output = output
        input = ends[1]
        try waitFor("the foreign program") {
            guard process.isRunning else { throw TestFailure(output.text) }
            return output.text == "ready\n"
        }
    }

    deinit { leave() }

    func leave() {
        guard process.isRunning else { return }
        close(input)
        process.exitCode()
    }
}
