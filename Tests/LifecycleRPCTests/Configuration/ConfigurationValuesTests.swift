internal import Configuration
internal import LifecycleCore
internal import Testing

@testable import LifecycleRPC

@Suite("A value of the configuration")
struct ConfigurationValuesTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        let flags: [String: String]
        let sentence: String
        var kind = ConfigurationError.Kind.value
        var testDescription: String { sentence }
    }

    static let refusals = [
        Refusal(
            flags: ["lease": "0"], sentence: "--lease (LIFECYCLED_LEASE) must be from 1 to 86400 seconds, not 0"),
        Refusal(
            flags: ["lease": "-5"], sentence: "--lease (LIFECYCLED_LEASE) must be from 1 to 86400 seconds, not -5"),
        Refusal(
            flags: ["lease": "ten"],
            sentence: "--lease (LIFECYCLED_LEASE) must be a whole number of seconds, not \"ten\""),
        Refusal(
            flags: ["lease": "1.5"],
            sentence: "--lease (LIFECYCLED_LEASE) must be a whole number of seconds, not \"1.5\""),
        Refusal(
            flags: ["lease": ""], sentence: "--lease (LIFECYCLED_LEASE) must be a whole number of seconds, not \"\""),
        Refusal(
            flags: ["lease": "9223372036854775808"],
            sentence: "--lease (LIFECYCLED_LEASE) must be a whole number of seconds, not \"9223372036854775808\""),
        Refusal(
            flags: ["longestLease": "300"],
            sentence: "--lease (LIFECYCLED_LEASE) must be at most 300 seconds, which is --longest-lease, not 600"),
        Refusal(
            flags: ["longestLease": "0"],
            sentence: "--longest-lease (LIFECYCLED_LONGEST_LEASE) must be from 1 to 31536000 seconds, not 0"),
        Refusal(
            flags: ["maxLineBytes": "1023"],
            sentence: "--max-line-bytes (LIFECYCLED_MAX_LINE_BYTES) must be from 1024 to 67108864 bytes, not 1023"),
        Refusal(
            flags: ["maxConnectionsPerUser": "9223372036854775807"],
            sentence: "--max-connections-per-user (LIFECYCLED_MAX_CONNECTIONS_PER_USER) must be from 1 to 65536 "
                + "connections, not 9223372036854775807"),
        Refusal(
            flags: ["idleExit": "-1"],
            sentence: "--idle-exit (LIFECYCLED_IDLE_EXIT) must be from 0 to 31536000 seconds, not -1"),
        Refusal(
            flags: ["logLevel": "lo\nud"],
            sentence: "--log-level (LIFECYCLED_LOG_LEVEL) must be one of trace, debug, info, notice, warning, error, "
                + "critical, not \"lo\\nud\""),
        Refusal(flags: ["socket": ""], sentence: "--socket (LIFECYCLED_SOCKET) must not be empty"),
        Refusal(
            flags: ["socket": String(repeating: "é", count: 54)],
            sentence: "--socket (LIFECYCLED_SOCKET) must be at most 107 bytes long, not 108", kind: .path),
        Refusal(
            flags: ["database": "l\u{FFFD}.db"], sentence: "--database (LIFECYCLED_DATABASE) must be UTF-8",
            kind: .path),
        Refusal(flags: ["database": ""], sentence: "--database (LIFECYCLED_DATABASE) must not be empty"),
        Refusal(
            flags: ["database": "/"],
            sentence: "--database (LIFECYCLED_DATABASE) must be a file, but \"/\" is a folder", kind: .path),
        Refusal(
            flags: ["adminGroup": ""],
            sentence: "--admin-group (LIFECYCLED_ADMIN_GROUP) must be the name of a Unix group, 1 to 32 bytes, or a "
                + "group id, not \"\""),
        Refusal(
            flags: ["appGroup": "web app"],
            sentence: "--app-group (LIFECYCLED_APP_GROUP) must be the name of a Unix group, 1 to 32 bytes, or a "
                + "group id, not \"web app\""),
        Refusal(
            flags: ["readerGroup": "4294967295"],
            sentence: "--reader-group (LIFECYCLED_READER_GROUP) must be a group id from 0 to 4294967294, "
                + "not \"4294967295\""),
    ]

    @Test("that is bad is refused in one exact sentence, be it a flag or a variable", arguments: refusals)
    func refusal(_ refusal: Refusal) async {
        var flags = refusal.flags
        flags["database"] = flags["database"] ?? "lifecycle.db"
        let variables = Dictionary(
            uniqueKeysWithValues: Setting.all.compactMap { setting in
                flags[setting.name].map { (setting.variable, $0) }
            })
        #expect(variables.count == flags.count)
        for (flags, variables) in [(flags, [:]), ([:], variables)] {
            let error = await #expect(throws: ConfigurationError.self) {
                try await DaemonConfiguration(flags: flags, environment: variables)
            }
            #expect(error?.description == refusal.sentence)
            #expect(error?.kind == refusal.kind)
        }
    }

    @Test("at either end of its range is taken, and one beyond is not", arguments: Limits.table.map(\.name))
    func ends(of name: String) async throws {
        let limit = try #require(Limits.table.first { $0.name == name })
        let setting = try #require(Setting.named(name))
        for value in [limit.range.lowerBound, limit.range.upperBound] {
            #expect(try await limit.value(Self.limits(with: limit, value)) == value)
        }
        for value in [limit.range.lowerBound - 1, limit.range.upperBound + 1] {
            let error = await #expect(throws: ConfigurationError.self) { try await Self.limits(with: limit, value) }
            #expect(error?.description.hasPrefix("\(setting.flag) (\(setting.variable)) must be ") == true)
            #expect(error?.description.hasSuffix(", not \(value)") == true)
        }
    }

    /// With the ceiling of the limit as high as it goes, and with what it is a ceiling of as low.
    private static func limits(with limit: Limits.Row, _ value: Int64) async throws -> Limits {
        var flags = ["database": "lifecycle.db"]
        if let ceiling = Limits.table.first(where: { $0.name == limit.ceiling }) {
            flags[ceiling.name] = "\(ceiling.range.upperBound)"
        }
        for bounded in Limits.table where bounded.ceiling == limit.name {
            flags[bounded.name] = "\(bounded.range.lowerBound)"
        }
        flags[limit.name] = "\(value)"
        return try await DaemonConfiguration(flags: flags, environment: [:]).limits
    }

    @Test("has a ceiling that is a setting", arguments: Limits.table.compactMap(\.ceiling))
    func ceilings(_ name: String) { #expect(Setting.named(name)?.hasCeiling == false) }

    @Test("of a provider that has types is read as it is, and refused when the type is wrong")
    func typedProvider() async throws {
        func configuration(_ key: String, _ value: ConfigValue) async throws -> DaemonConfiguration {
            let values: [AbsoluteConfigKey: ConfigValue] = [
                ["lifecycled", "database"]: "lifecycle.db", ["lifecycled", key]: value,
            ]
            return try await DaemonConfiguration(reader: ConfigReader(provider: InMemoryProvider(values: values)))
        }
        #expect(try await configuration("lease", 7).limits.lease == 7)
        let error = await #expect(throws: ConfigurationError.self) { try await configuration("socket", 7) }
        #expect(error?.description == "--socket (LIFECYCLED_SOCKET) must be text")
    }
}
