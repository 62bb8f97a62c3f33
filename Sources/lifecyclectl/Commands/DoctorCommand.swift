internal import ArgumentParser
internal import LifecycleClient
internal import LifecycleCore

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "How the daemon is, what is stuck, and what is about to be given back.",
        discussion: """
            It looks at the socket and your groups, the daemon's clock, queue, WAL and last backup, projects that wait \
            or are silent for too long, and those that are failed and refunded within the hour unless a pipeline \
            reports. Exit code 1 when something needs attention, 3 when the daemon cannot be reached. At most \
            \(Diagnosis.mostProjects) unfinished projects are looked at.

            Examples:
              lifecyclectl doctor
              sudo lifecyclectl doctor --audit
              lifecyclectl doctor --json | jq -r '.attention[]'
            """)

    @Flag(help: "Also check that every credit is where it should be; for admins.")
    var audit = false
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let configuration = connection.configuration(timeout: audit ? 600 : 30)
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
            DoctorPage(diagnosis: diagnosis, now: diagnosis.clock?.theirs ?? .ofThisMachine, output: output).show()
        }
        guard diagnosis.attention.isEmpty else {
            throw Failure("\(Int64(diagnosis.attention.count).counted("thing")) to look at.")
        }
    }
}
