internal import ArgumentParser
internal import LifecycleCore

struct AuditCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check every invariant of the ledger (admins only).",
        discussion: """
            The audit reads every row, so its duration grows with the ledger. The exit code is 1 if it finds a fault.

            Example:
              lifecyclectl audit --timeout 600
            """)

    @OptionGroup var connection: ConnectionOptions

    func request() -> Audit { Audit() }

    func show(_ response: Audit.Response, on output: Output) {
        guard !response.ok else {
            return output.line("No faults: \(response.checked) accounts, projects and entries checked.")
        }
        var table = Table(.left("CHECK"), .left("SUBJECT"), .left("DETAIL"))
        for finding in response.findings {
            table.append([.init(finding.check, .bad), .init(finding.subject), .init(finding.detail)])
        }
        output.table(table)
    }

    func failure(_ response: Audit.Response) -> Failure? {
        response.ok ? nil : Failure("The audit found \(Int64(response.findings.count).counted("fault")).")
    }
}
