internal import ArgumentParser
internal import LifecycleCore

struct BackupCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the whole ledger into a new file in the backup folder (admins only).",
        discussion: """
            The daemon copies the ledger as it is at one moment, and checks the copy. It serves requests meanwhile. \
            The folder is the daemon's --backup-folder. Existing files are never overwritten. The duration grows with \
            the ledger, so the default --timeout is 3600 seconds.

            Examples:
              lifecyclectl backup
              lifecyclectl backup before-upgrade.db
              lifecyclectl backup --json | jq -r .path
            """)

    @Argument(
        help: ArgumentHelp(
            "The new file's name, or its absolute path in the backup folder. Default: lifecycle-DATE-TIMEZ.db.",
            valueName: "name"))
    var name: String?
    @OptionGroup var connection: ConnectionOptions

    func request() -> Backup { Backup(path: name ?? "lifecycle-\(Timestamp.now.compact).db") }

    /// Copying a large ledger takes minutes.
    var defaultTimeoutSeconds: Double { 3600 }

    func show(_ response: Backup.Response, on output: Output) {
        output.table(
            Table(details: [
                ("path", .init(response.path)),
                ("size", .init(Figure.bytes(response.bytes))),
                ("projects", .init(response.projects)),
                ("last event", .init(response.lastSeq)),
            ]))
    }
}
