internal import ArgumentParser
internal import LifecycleCore
internal import Testing

@testable import LifecycleRPC
@testable import lifecycled

@Suite("The command line")
struct CommandLineTests {
    @Test("has a flag for every setting, and its text arrives under that setting", arguments: Setting.all.map(\.name))
    func flag(_ name: String) throws {
        let setting = try #require(Setting.all.first { $0.name == name })
        #expect(try Lifecycled.parse([setting.flag, "17"]).flags == [name: "17"])
        #expect(try Lifecycled.parse(["\(setting.flag)=-17"]).flags == [name: "-17"])
    }

    @Test("has no flag beside the settings")
    func noOther() throws {
        #expect(try Lifecycled.parse([]).flags.isEmpty)
        let help = Lifecycled.helpMessage(columns: 1000)
        let variables = help.matches(of: #/env: (\w+)\)/#).map { String($0.1) }
        #expect(variables == Setting.all.map(\.variable))
    }

    @Test("explains every flag with its variable and its default in --help", arguments: Setting.all.map(\.name))
    func help(_ name: String) throws {
        let setting = try #require(Setting.all.first { $0.name == name })
        let help = Lifecycled.helpMessage(columns: 1000)
        let lines = help.split(separator: "\n").map(String.init)
        let index = try #require(
            lines.firstIndex { $0.hasPrefix("  \(setting.flag) <\(setting.placeholder)>") }, "\(setting.flag)")
        let sources = "(default: \(setting.fallback); env: \(setting.variable))"
        #expect(lines[index...].prefix(2).contains { $0.contains(sources) })
    }

    @Test("names every exit code in --help", arguments: DaemonExit.allCases)
    func exitCodes(_ status: DaemonExit) {
        let lines = Lifecycled.helpMessage(columns: 1000).split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("  \(status.rawValue) ") && $0.hasSuffix(status.meaning) })
    }

    @Test("tells its version")
    func version() {
        let error = #expect(throws: (any Error).self) { try Lifecycled.parse(["--version"]) }
        #expect(error.map(Lifecycled.message(for:)) == "lifecycled \(LifecycleCore.version)")
    }

    @Test(
        "that is wrong is refused as a usage error",
        arguments: [["--leese", "5"], ["--lease"], ["more"], ["--socket", "a", "--socket"]])
    func wrong(_ arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try Lifecycled.parse(arguments) }
        #expect(error.map { Lifecycled.exitCode(for: $0).rawValue } == DaemonExit.usage.rawValue)
    }
}
