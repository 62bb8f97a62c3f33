import Foundation
import TestSupport
import Testing

/// In a container a caller may have no number: the kernel then shows all such users and groups as one.
@Suite("A daemon in a user namespace")
struct UserNamespaceTests {
    /// The daemon's own user and group become those numbers that stand for strangers, too.
    private static let wrapper = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    private static let isPossible: Bool = {
        let run = try? ChildProcess.run(wrapper[0], wrapper.dropFirst() + ["true"])
        return run?.code == 0
    }()

    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test("who has the number of strangers is no admin and has no role, whatever it matches", .enabled(if: isPossible))
    func strangers() throws {
        let socket = folder.file("s")
        let daemon = try SpawnedDaemon(
            database: folder.file("l.db"), socket: socket, ["--agent-group", "65534"], wrapper: Self.wrapper
        ).waitUntilServing()
        let warnings = daemon.log.split(separator: "\n").filter {
            $0.contains("an id that stands for unmapped users matches nobody")
        }
        #expect(warnings.count == 2, "\(daemon.log)")
        #expect(warnings.contains { $0.contains("its own user is no admin") }, "\(warnings)")
        #expect(warnings.contains { $0.contains("the group 65534") }, "\(warnings)")

        let grant: [String: Any] = ["userId": "eve", "credits": 5, "reason": "r"]
        let own = try daemon.call("grantCredits", grant)
        #expect(own.kind == "permissionDenied", "\(own.object)")
        #expect((own.data?["caller"] as? String)?.hasPrefix("uid 65534 gid 65534 ") == true, "\(own.object)")
        #expect(try daemon.call("updateStatus", ["externalId": "e", "status": "failed"]).kind == "permissionDenied")
        #expect(daemon.stop() == 0)
    }

    @Test(
        "a user whom the namespace does not have is not taken for the daemon's own",
        .enabled(if: isPossible && Machine.isRoot && Machine.canDropRoot))
    func foreign() throws {
        let socket = folder.file("s")
        let daemon = try SpawnedDaemon(
            database: folder.file("l.db"), socket: socket, wrapper: Self.wrapper
        ).waitUntilServing()
        #expect(chmod(folder.path, 0o711) == 0 && chmod(socket, 0o666) == 0)
        let run = try Command(
            ["grant", "eve", "5", "--reason", "r"], socket: socket,
            wrapper: ["setpriv", "--reuid=62000", "--regid=62000", "--clear-groups"])
        #expect(run.code == 1)
        #expect(run.errors.contains("uid 65534 gid 65534"), "\(run.errors)")
        #expect(run.errors.contains("permissionDenied"), "\(run.errors)")
        #expect(daemon.stop() == 0)
    }
}
