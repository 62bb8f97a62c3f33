internal import ArgumentParser
internal import Glibc
internal import LifecycleCore

/// The database of the subcommands that run lifecycled instead of calling the daemon.
struct DatabaseOptions: ParsableArguments {
    private static let variable = "LIFECYCLED_DATABASE"

    @Option(
        help: ArgumentHelp(
            "The daemon's database. Default: $\(variable), else \(PackagedPaths.database).", valueName: "file"),
        completion: .file())
    var database: String?

    @Flag(help: "Create the database if it does not exist.")
    var create = false

    /// Found in the same way as lifecycled finds it, so that a question about the path names the path that is used.
    var path: String {
        database ?? Self.environment(Self.variable)
            ?? PackagedPaths.database(inStateDirectory: Self.environment("STATE_DIRECTORY")) ?? PackagedPaths.database
    }

    /// The flags to pass to lifecycled.
    var arguments: [String] { ["--database=\(path)"] + (create ? ["--create"] : []) }

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
