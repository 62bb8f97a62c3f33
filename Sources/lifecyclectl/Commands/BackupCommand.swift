internal import ArgumentParser
internal import LifecycleCore

struct BackupCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the whole ledger into a file of the backup folder; for admins.",
        discussion: """
            The daemon copies the ledger as it is at one moment, while it goes on, and checks the copy. The folder is \
            the daemon's --backup-folder; no file in it is ever overwritten. It takes longer the more there is.

            Examples:
              lifecyclectl backup
              lifecyclectl backup before-upgrade.db
              lifecyclectl backup --json | jq -r .path
            """)

    @Argument(
        help: ArgumentHelp(
            "The new file's name, or its absolute path in that folder. Default: lifecycle-DATE-TIMEZ.db.",
            valueName: "name"))
    var name: String?
    @OptionGroup var connection: ConnectionOptions

    func request() -> Backup { Backup(path: name ?? "lifecycle-\(Moment.now.compact).db") }

    /// It may take minutes.
    var defaultTimeout: Double { 3600 }

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
