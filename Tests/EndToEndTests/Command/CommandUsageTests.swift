import Foundation
import TestSupport
import Testing

@Suite("lifecyclectl: its command line")
struct CommandUsageTests {
    static let subcommands = [
        "status", "list", "explain", "create", "update", "cancel", "retry", "watch", "wait", "balance", "entries",
        "grant", "adjust", "audit", "backup", "restore", "metrics", "discover", "call", "doctor", "import",
    ]
    static let id = "019ab0c4-5d2e-7a31-8c11-2f60b1f6a0de"

    /// What is wrong, and a word that the message must have.
    static let wrong: [(arguments: [String], names: String)] = [
        ([], "SUBCOMMANDS"),
        (["nonsense"], "nonsense"),
        (["--nonsense"], "--nonsense"),
        (["status"], "--external-id"),
        (["status", "no-uuid"], "UUID"),
        (["status", id, "--external-id", "e"], "either"),
        (["list", "--status", "lost"], "'pending', 'processing', 'completed' or 'failed'"),
        (["list", "--status", "failed,"], "--status"),
        (["list", "--since", "2q"], "--since"),
        (["list", "--since", "-2h"], "--since"),
        (["list", "--since", "99999999999999999999d"], "--since"),
        (["list", "--since", "2026-02-30"], "--since"),
        (["list", "--limit", "0"], "--limit"),
        (["list", "--limit", "501", "--all"], "--limit"),
        (["list", "--cursor", "x"], "UUID"),
        (["list", "--timeout", "0"], "--timeout"),
        (["list", "--timeout", "nan"], "--timeout"),
        (["list", "--timeout", "inf"], "--timeout"),
        (["create", "ada"], "<credits>"),
        (["create", "ada", "1.5"], "<credits>"),
        (["create", "ada", "1", "--metadata", "[]"], "metadata: must be an object"),
        (["create", "ada", "1", "--metadata", "{"], "metadata"),
        (["update", "pending", id], "'processing', 'completed' or 'failed'"),
        (["update", "failed"], "--external-id"),
        (["grant", "ada", "5"], "--reason"),
        (["adjust", "ada", "--reason", "r"], "--by"),
        (["watch", "--from", "-1"], "--from"),
        (["watch", "--project", "x"], "UUID"),
        (["wait"], "--external-id"),
        (["wait", id, "--timeout", "0"], "--timeout"),
        (["metrics", "--json", "--prometheus"], "not both"),
        (["backup", "a", "b"], "Unexpected"),
        (["restore", "b.db"], "--yes"),
        (["\u{1B}[2J"], "\\u{1b}[2J"),
        (["restore", "b.db", "--database", "/nowhere/l.db"], "--yes"),
        (["call", "getBalance", "{"], "at byte 1"),
        (["call", "getBalance", "3"], "object or an array"),
        (["call", "getBalance", "-"], "at byte 0"),
    ]

    @Test("what cannot be meant is refused with 2 and a message, before a daemon is looked for", arguments: wrong)
    func isRefused(_ arguments: [String], _ names: String) throws {
        let run = try Command(arguments, socket: "/nowhere/s")
        #expect(run.code == 2)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains(names), "\(run.errors)")
    }

    @Test("--help says the exit codes and the variables, and each subcommand has an example")
    func help() throws {
        let help = try Command(["--help"])
        #expect(help.code == 0 && help.errors.isEmpty)
        let codes = ["  0  success\n", "  1  ", "  2  ", "  3  ", "  4  "]
        for text in codes + ["LIFECYCLE_SOCKET", "NO_COLOR", "COLUMNS", "Examples:"] {
            #expect(help.output.contains(text), "\(text)")
        }
        for name in Self.subcommands {
            #expect(help.output.contains("\n  \(name) "))
            let text = try Command([name, "--help"])
            #expect(text.code == 0)
            #expect(text.output.contains("\n  lifecyclectl \(name)") || text.output.contains("| lifecyclectl \(name)"))
            #expect(text.output.contains("Example"))
            // What it does, it does without the daemon.
            if name != "restore" { #expect(text.output.contains("--json ")) }
        }
        #expect(try Command(["--version"]).output == "lifecyclectl 0.1.0\n")
    }

    @Test("the socket is the flag's, else the variable's, else the packaged one")
    func socket() throws {
        let daemon = try SharedDaemon.get()
        #expect(try Command(["balance", "x", "--socket", daemon.socket], socket: "/nowhere/s").code == 0)
        #expect(
            try Command(["balance", "x", "--socket", "/nowhere/t"], socket: daemon.socket).errors.contains("/nowhere/t")
        )
        #expect(try Command(["balance", "x"], socket: "/nowhere/s").errors.contains("/nowhere/s"))
        let packaged = "/run/lifecycled/lifecycle.sock"
        try #require(!FileManager.default.fileExists(atPath: packaged))
        for socket in [nil, ""] { #expect(try Command(["balance", "x"], socket: socket).errors.contains(packaged)) }
    }

    @Test("completions are scripts that the shell accepts", arguments: ["bash", "zsh", "fish"])
    func completions(_ shell: String) throws {
        let script = try Command(["--generate-completion-script", shell])
        #expect(script.code == 0 && script.errors.isEmpty)
        for word in Self.subcommands + ["external-id", "processing"] { #expect(script.output.contains(word)) }
        guard Self.has(shell) else { return }
        let folder = try ScratchFolder()
        try script.output.write(toFile: folder.file("script"), atomically: true, encoding: .utf8)
        let check = try ChildProcess.run(shell, ["-n", folder.file("script")])
        #expect(check.code == 0, "\(check.errors)")
    }

    private static func has(_ shell: String) -> Bool {
        ["/bin", "/usr/bin"].contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(shell)") }
    }

    @Test("man pages are generated for every subcommand")
    func manPages() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../dev/generate-cli-docs").standardized.path
        let folder = try ScratchFolder()
        let binaries = URL(fileURLWithPath: Command.binary).deletingLastPathComponent().path
        let run = try ChildProcess.run(
            script, [binaries, folder.path],
            environment: ChildProcess.inheritedEnvironment.merging(["SOURCE_DATE_EPOCH": "0"]) { $1 })
        #expect(run.code == 0, "\(run.errors)")
        let page = try String(contentsOfFile: folder.file("man/lifecyclectl.1"), encoding: .utf8)
        #expect(page.hasPrefix(".Dd January 1, 1970\n.Dt LIFECYCLECTL 1\n"))
        for name in Self.subcommands { #expect(page.contains("\n.Ss \(name)\n")) }
        for title in [
            "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES",
        ] {
            #expect(page.contains("\n.Sh \(title)\n"))
        }
        let daemon = try String(contentsOfFile: folder.file("man/lifecycled.8"), encoding: .utf8)
        #expect(daemon.contains("\n.It Fl \\-database Ar "))
        guard Self.has("mandoc") else { return }
        for file in ["lifecyclectl.1", "lifecycled.8"] {
            let lint = try ChildProcess.run("mandoc", ["-Tlint", "-Wwarning", folder.file("man/\(file)")])
            #expect(lint.code == 0, "\(lint.output)")
        }
    }
}
