import Foundation
import TestSupport
import Testing

@Suite("lifecyclectl: without permission", .enabled(if: Machine.canDropRoot && Machine.isRoot, "needs root"))
struct CommandPermissionTests {
    private let who = "You are nobody (uid 65534) in the group nogroup."

    private func command(_ socket: String, _ arguments: [String] = ["list"]) throws -> Command {
        try Command(arguments, socket: socket, wrapper: ["setpriv"] + Machine.asNobody)
    }

    @Test("a socket of a group: who you are, the group, and the command that adds you")
    func socketOfGroup() throws {
        let daemon = try TestDaemon()
        chmod(daemon.folder, 0o711)
        chmod(daemon.socket, 0o660)
        chown(daemon.socket, 0, 60)
        let run = try command(daemon.socket)
        #expect(run.code == 3)
        #expect(
            run.errors == """
                lifecyclectl: Cannot connect to \(daemon.socket): Permission denied.
                \(who) The socket belongs to root:games with mode 0660, so the group games is needed.
                    sudo usermod -aG games nobody
                Then log in again.

                """)
        let member = try Command(
            ["list", "--json"], socket: daemon.socket,
            wrapper: ["setpriv", "--reuid=65534", "--regid=65534", "--groups=60"])
        #expect(
            member.code == 1
                && member.errors.contains(
                    "(permissionDenied)\nYou are nobody (uid 65534) in the groups nogroup, games.")
        )
    }

    @Test("a socket or folder that no group may use says so", arguments: [true, false])
    func noGroup(_ isFolder: Bool) throws {
        let daemon = try TestDaemon()
        chmod(daemon.folder, isFolder ? 0o700 : 0o711)
        chmod(daemon.socket, 0o600)
        let run = try command(daemon.socket)
        #expect(run.code == 3)
        let what = isFolder ? "The folder \(daemon.folder)" : "The socket"
        #expect(
            run.errors == """
                lifecyclectl: Cannot connect to \(daemon.socket): Permission denied.
                \(who) \(what) belongs to root:root with mode 0\(isFolder ? 700 : 600), so only root may use it.
                Run this as root, or give the socket to a group, usually lifecycle.

                """)
    }

    @Test("a folder of a group names that group")
    func folderOfGroup() throws {
        let daemon = try TestDaemon()
        chmod(daemon.folder, 0o750)
        chown(daemon.folder, 0, 60)
        let run = try command(daemon.socket)
        #expect(run.errors.contains("The folder \(daemon.folder) belongs to root:games with mode 0750"))
        #expect(run.errors.contains("\n    sudo usermod -aG games nobody\n"))
    }

    @Test(
        "a method of another role names the group of that role",
        arguments: [
            (["grant", "a", "1", "--reason", "r"], "lifecycle-admin", "lifecycle-admin"),
            (["create", "a", "0"], "lifecycle-app", "lifecycle-app"),
            (["update", "failed", CommandUsageTests.id], "lifecycle-agent or lifecycle-app", "lifecycle-agent"),
            (["list"], "lifecycle or lifecycle-agent or lifecycle-app or lifecycle-admin", "lifecycle"),
        ])
    func role(_ arguments: [String], _ groups: String, _ first: String) throws {
        let daemon = try PeerProcess.daemon()
        let run = try command(daemon.socket, arguments)
        #expect(run.code == 1)
        let lines = run.errors.split(separator: "\n").map(String.init)
        try #require(lines.count == 4)
        #expect(lines[0].contains(" needs the role ") && lines[0].hasSuffix("(permissionDenied)"))
        #expect(lines[1].hasPrefix("\(who) The group \(groups) is needed, if "))
        #expect(lines[2...] == ["    sudo usermod -aG \(first) nobody", "Then log in again."])
    }
}
