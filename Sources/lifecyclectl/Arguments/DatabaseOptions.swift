internal import ArgumentParser
internal import Glibc
internal import LifecycleCore

/// The database that lifecycled works on by hand.
struct DatabaseOptions: ParsableArguments {
    private static let variable = "LIFECYCLED_DATABASE"

    @Option(
        help: ArgumentHelp(
            "The daemon's database. Default: $\(variable), else \(PackagedPaths.database).", valueName: "file"),
        completion: .file())
    var database: String?

    @Flag(help: "Make the database if there is none.")
    var create = false

    /// As lifecycled itself finds it, so that what is asked and shown is what it does.
    var path: String {
        database ?? Self.environment(Self.variable)
            ?? PackagedPaths.database(inStateDirectory: Self.environment("STATE_DIRECTORY")) ?? PackagedPaths.database
    }

    /// For lifecycled.
    var arguments: [String] { ["--database=\(path)"] + (create ? ["--create"] : []) }

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
