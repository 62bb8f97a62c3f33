import Foundation
import TestSupport
import Testing

@Suite("The command line")
struct CommandLineTests {
    /// A run of the daemon that must end by itself: one that goes on serving is a failure too.
    private func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (code: Int32, output: String, errors: String) {
        try ChildProcess.run("timeout", ["60", TestDaemon.binary] + arguments, environment: environment)
    }

    @Test("--help names every flag, with its default and its variable")
    func help() throws {
        let run = try run(["--help"])
        #expect(run.code == 0)
        #expect(run.errors.isEmpty)
        let limits = try #require(try SharedDaemon.get().call("rpc.discover")["x-limits"] as? [String: Any])
        let others = [
            "socket", "database", "backupFolder", "idleExit", "keepDays", "logLevel", "readerGroup", "agentGroup",
            "appGroup", "adminGroup",
        ]
        try #require(limits.count > 10)
        for name in others + limits.keys {
            let words = name.replacing(/[A-Z]/) { "-" + $0.output.lowercased() }
            #expect(run.output.contains("--\(words) "), "--\(words)")
            let variable = "LIFECYCLED_" + words.uppercased().replacingOccurrences(of: "-", with: "_")
            #expect(run.output.contains(variable), "\(variable)")
        }
        for code in ["64", "65", "73", "74", "75"] { #expect(run.output.contains(code)) }
    }

    @Test("--version says the version, which rpc.discover says too")
    func version() throws {
        let run = try run(["--version"])
        #expect(run.code == 0)
        #expect(run.errors.isEmpty)
        let version = try #require(try SharedDaemon.get().call("rpc.discover").string("info.version"))
        #expect(run.output == "lifecycled \(version)\n")
    }

    /// A bad command line: FOLDER stands for a folder of the test's own. What the sentence must name.
    static let refused: [(arguments: String, exitCode: Int32, names: String)] = [
        ("--nonsense", 64, "--nonsense"),
        ("nonsense", 64, "nonsense"),
        ("--socket", 64, "--socket"),
        ("--socket FOLDER/s", 64, "--database"),
        ("--socket FOLDER/s --database FOLDER/d --lease", 64, "--lease"),
        ("--socket FOLDER/s --database FOLDER/d --lease 0", 64, "--lease"),
        ("--socket FOLDER/s --database FOLDER/d --lease -1", 64, "--lease"),
        ("--socket FOLDER/s --database FOLDER/d --lease 1.5", 64, "--lease"),
        ("--socket FOLDER/s --database FOLDER/d --lease ten", 64, "--lease"),
        ("--socket FOLDER/s --database FOLDER/d --lease 99999999999999999999", 64, "--lease"),
        ("--socket FOLDER/s --database FOLDER/d --lease 86401", 64, "--lease"),
        ("--socket FOLDER/s --database FOLDER/d --max-batch 0", 64, "--max-batch"),
        ("--socket FOLDER/s --database FOLDER/d --max-line-bytes 10", 64, "--max-line-bytes"),
        ("--socket FOLDER/s --database FOLDER/d --max-depth 257", 64, "--max-depth"),
        ("--socket FOLDER/s --database FOLDER/d --create", 64, "--create"),
        ("--sweep --database FOLDER/d --create", 64, "--create"),
        ("--socket FOLDER/s --database FOLDER/d --idle-exit -5", 64, "--idle-exit"),
        ("--socket FOLDER/s --database FOLDER/d --log-level loud", 64, "--log-level"),
        ("--socket FOLDER/s --database FOLDER/d --app-group 99999999999", 64, "--app-group"),
        ("--socket FOLDER/s --database FOLDER/d --app-group a:b", 64, "--app-group"),
        ("--database FOLDER/d", 73, "--socket"),
        ("--socket FOLDER/none/s --database FOLDER/d", 73, "FOLDER/none/s"),
        ("--socket FOLDER --database FOLDER/d", 73, "FOLDER"),
        ("--socket FOLDER/file --database FOLDER/d", 73, "FOLDER/file"),
        ("--socket FOLDER/\(String(repeating: "s", count: 120)) --database FOLDER/d", 73, "--socket"),
        ("--socket FOLDER/s --database FOLDER/none/none/d", 73, "FOLDER/none"),
        ("--socket FOLDER/s --database FOLDER/file/d", 73, "FOLDER/file"),
        ("--socket FOLDER/s --database FOLDER", 73, "FOLDER"),
        ("--socket FOLDER/s --database FOLDER/file", 73, "FOLDER/file"),
    ]

    @Test(
        "what cannot be used is refused by one sentence and its exit code, and leaves nothing behind",
        arguments: refused)
    func isRefused(_ arguments: String, _ exitCode: Int32, _ names: String) throws {
        let folder = try ScratchFolder.make()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("not a database, and longer than the header of one would be: ".utf8).write(
            to: URL(fileURLWithPath: folder + "/file"))
        let run = try run(
            arguments.replacingOccurrences(of: "FOLDER", with: folder).split(separator: " ").map(String.init))
        #expect(run.code == exitCode)
        #expect(run.output.isEmpty)
        let lines = run.errors.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 2 && lines.last == "", "\(run.errors)")
        #expect(run.errors.hasPrefix("lifecycled: "))
        #expect(run.errors.contains(names.replacingOccurrences(of: "FOLDER", with: folder)), "\(run.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder + "/s"))
        #expect(try String(contentsOfFile: folder + "/file", encoding: .utf8).hasPrefix("not a database"))
    }

    @Test("a variable is read where there is no flag, and a bad one is refused by its name")
    func environment() throws {
        let daemon = try TestDaemon(
            ["--max-batch", "3"], environment: ["LIFECYCLED_MAX_BATCH": "2", "LIFECYCLED_LEASE": "77"])
        let limits = try #require(try daemon.call("rpc.discover")["x-limits"] as? [String: Int])
        #expect(limits["maxBatch"] == 3)
        #expect(limits["lease"] == 77)
        let run = try run(
            ["--socket", "/tmp/none", "--database", "/tmp/none"], environment: ["LIFECYCLED_MAX_DEPTH": "many"])
        #expect(run.code == 64)
        #expect(run.errors.contains("LIFECYCLED_MAX_DEPTH"))
    }
}
