import Foundation
import TestSupport
import Testing

@Suite("lifecyclectl: on a terminal")
struct CommandTerminalTests {
    /// Two projects of a user whose name has four columns.
    private func daemon() throws -> TestDaemon {
        let daemon = try TestDaemon()
        _ = try daemon.output("create", "anna", "0", "--external-id", "e", "--name", "The fox and the hound")
        _ = try daemon.output("create", "anna", "0", "--name", "日本語の長い物語")
        _ = try daemon.output("update", "failed", "--external-id", "e")
        return daemon
    }

    @Test("statuses have colours, headings stand out, and lines are cut to the width, wide characters counted twice")
    func colours() throws {
        let daemon = try daemon()
        let run = try PseudoTerminal(columns: 99, ["list"], socket: daemon.socket)
        #expect(
            run.screen.masked == """
                \u{1B}[1mPROJECT\u{1B}[0m                               \u{1B}[1mSTATUS\u{1B}[0m   \
                \u{1B}[1mCREDITS\u{1B}[0m  \u{1B}[1mUSER\u{1B}[0m  \u{1B}[1mCREATED\u{1B}[0m               \
                \u{1B}[1mDETAILS\u{1B}[0m
                PROJECT-ID--------------------------  \u{1B}[33mpending\u{1B}[0m        0  anna  \
                DATE------ TIME----Z  日本語の長い物…
                PROJECT-ID--------------------------  \u{1B}[31mfailed\u{1B}[0m         0  anna  \
                DATE------ TIME----Z  The fox and th…

                """)
    }

    @Test(
        "a terminal without colours gets none, but is cut to too",
        arguments: [["NO_COLOR": "1"], ["TERM": "dumb"], ["TERM": ""]])
    func colourless(_ environment: [String: String]) throws {
        let daemon = try daemon()
        let run = try PseudoTerminal(
            columns: 48, ["list", "--limit", "2"], socket: daemon.socket, environment: environment)
        #expect(
            run.screen.masked == """
                PROJECT                               STATUS   …
                PROJECT-ID--------------------------  pending  …
                PROJECT-ID--------------------------  failed   …

                """)
    }

    @Test("COLUMNS overrides the terminal's own width, and says nothing of a pipe")
    func columns() throws {
        let daemon = try daemon()
        let environment = ["COLUMNS": "20", "NO_COLOR": "1"]
        let run = try PseudoTerminal(columns: 100, ["list"], socket: daemon.socket, environment: environment)
        #expect(run.screen.hasPrefix("PROJECT            …\n"))
        let piped = try daemon.command("list", environment: environment)
        #expect(piped.output == (try daemon.output("list")))
        #expect(piped.output.contains("The fox and the hound"))
    }

    @Test("progress is shown while pages come in, and is gone at the end")
    func progress() throws {
        let daemon = try daemon()
        let arguments = ["list", "--all", "--limit", "1"]
        let plain = ["NO_COLOR": "1", "COLUMNS": "500"]
        let run = try PseudoTerminal(columns: 80, arguments, socket: daemon.socket, environment: plain)
        let erase = "\r\u{1B}[K"
        #expect(run.screen == "\(erase)1 projects …\(erase)2 projects …\(erase)" + (try daemon.output("list")))
        let errors = try ScratchFile()
        let quiet = try PseudoTerminal(
            columns: 80, arguments, socket: daemon.socket, environment: plain, errors: errors)
        #expect(quiet.screen == (try daemon.output("list")))
        #expect(errors.text.isEmpty)
        let dumb = try PseudoTerminal(
            columns: 500, arguments, socket: daemon.socket, environment: ["TERM": "dumb"])
        #expect(dumb.screen == (try daemon.output("list")))
    }

    @Test("what users wrote cannot move the cursor, end a line or reorder it, in a table or in JSON")
    func hostileText() throws {
        let daemon = try daemon()
        let text = "a\u{1B}[2J\u{1B}]0;x\u{7}\r\nb\u{9B}31mc\u{202E}d\u{2028}e\u{E0041}"
        _ = try daemon.call("createProject", ["userId": "eve", "credits": 0, "externalId": "x"])
        let report = ["externalId": "x", "status": "failed", "errorMessage": text]
        #expect(try daemon.call("updateStatus", report).bool("changed") == true)
        let escaped = #"a\u{1b}[2J\u{1b}]0;x\u{7}\r\nb\u{9b}31mc\u{202e}d\u{2028}e\u{e0041}"#
        let plain = ["NO_COLOR": "1", "COLUMNS": "500"]
        for command in [
            ["list", "--user", "eve"], ["status", "--external-id", "x"], ["explain", "--external-id", "x"],
        ] {
            let run = try PseudoTerminal(columns: 80, command, socket: daemon.socket, environment: plain)
            #expect(run.screen.contains(escaped), "\(command)")
            // What the daemon has escaped, as in the summary of `explain`, is not escaped once more.
            #expect(!run.screen.contains(#"\\"#), "\(command)")
            #expect(run.screen == (try Command(command, socket: daemon.socket).output))
        }
        let json = try PseudoTerminal(
            columns: 80, ["status", "--external-id", "x", "--json"], socket: daemon.socket, environment: plain
        ).screen
        #expect(json.hasSuffix("\n"))
        #expect(
            !json.dropLast().unicodeScalars.contains { $0.properties.generalCategory == .control || $0 == "\u{202E}" })
        #expect(json.contains(#"b\u009b31mc\u202ed\u2028e\udb40\udc41"#))
        #expect(try Reply(#"{"result":\#(json)}"#).string("project.errorMessage") == text)
        let piped = try daemon.output("status", "--external-id", "x", "--json")
        #expect(piped.contains("b\u{9B}31mc\u{202E}d"))

        let refused = try daemon.command("status", "--external-id", "\u{202E}\u{E0041}")
        #expect(refused.errors.contains(#"externalId "\u{202e}\u{e0041}""#))
    }
}
