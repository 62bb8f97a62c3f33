import Foundation
import TestSupport

/// A `socat` that speaks to the daemon as another Unix user, whose identity the kernel attests.
final class PeerProcess {
    static let readerGroup = 61_001
    static let agentGroup = 61_002
    static let appGroup = 61_003
    static let adminGroup = 61_004

    struct Identity: Sendable {
        var uid = 62_000
        var gid = 62_000
        /// Supplementary ones.
        var groups: [Int] = []
    }

    let pid: Int32
    /// What it was answered, line by line.
    let replies: [String]

    /// A daemon whose groups are the ones above, and which everybody may connect to.
    static func daemon(_ arguments: [String] = []) throws -> TestDaemon {
        let groups = [
            "--reader-group": readerGroup, "--agent-group": agentGroup, "--app-group": appGroup,
            "--admin-group": adminGroup,
        ]
        let daemon = try TestDaemon(groups.flatMap { [$0, "\($1)"] } + arguments)
        chmod(daemon.folder, 0o711)
        chmod(daemon.socket, 0o666)
        return daemon
    }

    /// Sends the lines and waits for all replies.
    init(_ identity: Identity, sends lines: [String], to daemon: TestDaemon) throws {
        let groups = identity.groups.map { "\($0)" }.joined(separator: ",")
        let input = try ScratchFile(lines.joined(separator: "\n") + "\n")
        let (output, errors) = (try ScratchFile(), try ScratchFile())
        let child = try ChildProcess(
            "setpriv",
            ["--reuid", "\(identity.uid)", "--regid", "\(identity.gid)"]
                + (groups.isEmpty ? ["--clear-groups"] : ["--groups", groups])
                + ["socat", "-t", "30", "-", "UNIX-CONNECT:\(daemon.socket)"],
            environment: ChildProcess.inheritedEnvironment, standardInput: input.descriptor,
            standardOutput: output.descriptor, standardError: errors.descriptor)
        let code = child.exitCode()
        guard code == 0 else { throw TestFailure("socat ended with \(code): \(errors.text)") }
        pid = child.pid  // setpriv becomes socat.
        replies = output.text.split(separator: "\n").map(String.init)
    }
}
