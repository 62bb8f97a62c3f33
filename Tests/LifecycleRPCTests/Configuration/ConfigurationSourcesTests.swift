internal import LifecycleCore
internal import Logging
internal import Testing

@testable import LifecycleRPC

@Suite("The configuration")
struct ConfigurationSourcesTests {
    @Test("is taken from the flag, else from the environment, else from the default")
    func precedence() async throws {
        let environment = ["LIFECYCLED_LEASE": "20", "LIFECYCLED_LOG_LEVEL": "debug", "LIFECYCLED_DATABASE": "a.db"]
        let flags = ["lease": "10", "appGroup": "1000"]
        let configuration = try await DaemonConfiguration(flags: flags, environment: environment)
        #expect(configuration.limits.lease == 10)
        #expect(configuration.groups.app == "1000")
        #expect(configuration.logLevel == .debug)
        #expect(configuration.databasePath == "a.db")
        #expect(configuration.groups.admin == "lifecycle-admin")
        #expect(configuration.idleExit == 0)
        #expect(configuration.socketPath == nil)

        let byEnvironment = try await DaemonConfiguration(flags: [:], environment: environment)
        #expect(byEnvironment.limits.lease == 20)
    }

    @Test("has the defaults of the limits when nothing is set")
    func defaults() async throws {
        let configuration = try await DaemonConfiguration(flags: ["database": "lifecycle.db"], environment: [:])
        #expect(configuration.limits == Limits())
        #expect(configuration.groups == RoleGroups())
        #expect(configuration.logLevel == .info)
    }

    @Test("does not look at a variable that a flag overrides")
    func overridden() async throws {
        let configuration = try await DaemonConfiguration(
            flags: ["database": "lifecycle.db", "lease": "10"], environment: ["LIFECYCLED_LEASE": "junk"])
        #expect(configuration.limits.lease == 10)
    }

    @Test(
        "puts the database into systemd's state directory, the first of several, unless told otherwise",
        arguments: [
            ("/var/lib/lifecycle", nil, "/var/lib/lifecycle/lifecycle.db"),
            ("/var/lib/a:/var/lib/b", nil, "/var/lib/a/lifecycle.db"),
            ("/var/lib/lifecycle", "other.db", "other.db"),
        ])
    func stateDirectory(_ folders: String, _ database: String?, _ expected: String) async throws {
        var environment = ["STATE_DIRECTORY": folders]
        environment["LIFECYCLED_DATABASE"] = database
        let configuration = try await DaemonConfiguration(flags: [:], environment: environment)
        #expect(configuration.databasePath == expected)
    }

    @Test("without a database is refused", arguments: [[:], ["STATE_DIRECTORY": ""]])
    func noDatabase(_ environment: [String: String]) async {
        let error = await #expect(throws: ConfigurationError.self) {
            try await DaemonConfiguration(flags: [:], environment: environment)
        }
        #expect(
            error?.description == "--database (LIFECYCLED_DATABASE) is missing: give the path of the database")
    }

    @Test("has one setting for each limit that rpc.discover shows, and each sets that limit alone")
    func everyLimit() async throws {
        let limits = Setting.all.filter { $0.section == .limits }
        #expect(limits.map(\.name) == Limits.table.map(\.name))
        // A limit that is not in the table of `Limits` could not be set: there is one line for each property.
        #expect(Mirror(reflecting: Limits()).children.count == limits.count)

        let before = Limits.table.map { $0.value(Limits()) }
        for (index, setting) in limits.enumerated() {
            let value = before[index] - 1
            for (flags, variables) in [([setting.name: "\(value)"], [:]), ([:], [setting.variable: "\(value)"])] {
                let database = ["LIFECYCLED_DATABASE": "lifecycle.db"]
                let configuration = try await DaemonConfiguration(
                    flags: flags, environment: database.merging(variables) { $1 })
                for (position, row) in Limits.table.enumerated() {
                    let now = row.value(configuration.limits)
                    #expect(now == (position == index ? value : before[position]), "\(setting.name)")
                }
            }
        }
    }

    @Test("has names that follow from one another")
    func names() {
        let names = Setting.all.map { [$0.name, $0.flag, $0.variable] }
        #expect(names.contains(["maxProjectCredits", "--max-project-credits", "LIFECYCLED_MAX_PROJECT_CREDITS"]))
        #expect(names.contains(["idleExit", "--idle-exit", "LIFECYCLED_IDLE_EXIT"]))
        #expect(names.contains(["socket", "--socket", "LIFECYCLED_SOCKET"]))
        #expect(Set(Setting.all.map(\.variable)).count == Setting.all.count)
    }
}
