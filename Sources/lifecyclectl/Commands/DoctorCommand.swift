internal import ArgumentParser
internal import LifecycleClient
internal import LifecycleCore

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check the daemon, and show projects that are stuck or are refunded soon.",
        discussion: """
            It checks the socket and your groups, and the daemon's clock, write queue, write-ahead log (WAL) and last \
            backup. It shows projects that are not started, or have no report, for most of their time, and projects \
            that fail and are refunded within the hour unless a pipeline reports. It looks at \
            \(Diagnosis.maximumProjects) unfinished projects at most. The default --timeout is 30 seconds, or 600 \
            seconds with --audit.

            The exit code is 1 if something needs attention, and 3 if the daemon cannot be reached.

            Examples:
              lifecyclectl doctor
              sudo lifecyclectl doctor --audit
              lifecyclectl doctor --json | jq -r '.attention[]'
            """)

    @Flag(help: "Also check every invariant of the ledger (admins only).")
    var audit = false
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let configuration = connection.configuration(defaultTimeout: audit ? 600 : 30)
        var examination = Examination(Session(configuration), socketPath: configuration.socketPath)
        do throws(Failure) {
            try await examination.run(withAudit: audit)
        } catch {
            let socket = examination.diagnosis.socket
            throw error.about("socket \(socket.path): \(socket.description)", examination.diagnosis.account.summary)
        }
        let diagnosis = examination.diagnosis
        let output = Output()
        if connection.json {
            output.verbatim(diagnosis.json)
        } else {
            DoctorPage(diagnosis: diagnosis, now: diagnosis.clock?.daemonTime ?? .now, output: output).show()
        }
        guard diagnosis.attention.isEmpty else {
            throw Failure("\(Int64(diagnosis.attention.count).counted("problem")) found.")
        }
    }
}
