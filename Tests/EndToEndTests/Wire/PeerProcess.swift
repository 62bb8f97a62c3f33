import Foundation

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
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments =
            ["--reuid", "\(identity.uid)", "--regid", "\(identity.gid)"]
            + (groups.isEmpty ? ["--clear-groups"] : ["--groups", groups])
            + ["socat", "-t", "30", "-", "UNIX-CONNECT:\(daemon.socket)"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
        try input.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw TestDaemon.Failure(description: "socat ended with \(process.terminationStatus): \(text)")
        }
        pid = process.processIdentifier  // setpriv becomes socat.
        replies = text.split(separator: "\n").map(String.init)
    }
}
