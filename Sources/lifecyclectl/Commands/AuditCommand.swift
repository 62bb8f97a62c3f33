internal import ArgumentParser
internal import LifecycleCore

struct AuditCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check that every credit is where it should be; for admins.",
        discussion: """
            It looks at every row and takes longer the more there are. Exit code 1 when it finds something.

            Example:
              lifecyclectl audit --timeout 600
            """)

    @OptionGroup var connection: ConnectionOptions

    func request() -> Audit { Audit() }

    func show(_ response: Audit.Response, on output: Output) {
        guard !response.ok else {
            return output.line("All is well: \(response.checked) accounts, projects and entries checked.")
        }
        var table = Table(.left("CHECK"), .left("SUBJECT"), .left("DETAIL"))
        for finding in response.findings {
            table.append([.init(finding.check, .bad), .init(finding.subject), .init(finding.detail)])
        }
        output.table(table)
    }

    func failure(_ response: Audit.Response) -> Failure? {
        response.ok ? nil : Failure("The audit found something: \(response.findings.count) in all.")
    }
}
