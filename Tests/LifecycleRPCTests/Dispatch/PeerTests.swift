internal import Glibc
internal import LifecycleCore
internal import Testing

@testable internal import LifecycleRPC

@Suite("Who is on the other end, and what its groups make of it")
struct PeerTests {
    /// What the kernel says of a socket whose other end is ours.
    private func peer() throws -> PeerCredentials {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        return try PeerCredentials(of: ends[0])
    }

    @Test("the kernel attests this process's user, group and number, and every further group")
    func credentials() throws {
        let peer = try peer()
        #expect(peer.pid == getpid())
        #expect(peer.uid == geteuid())
        #expect(peer.gids.first == getegid())
        var groups = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
        try #require(getgroups(Int32(groups.count), &groups) == groups.count)
        #expect(Set(peer.gids) == Set(groups + [getegid()]))
    }

    @Test("the daemon's own user is an admin, and each group adds its role")
    func roles() throws {
        let peer = try peer()
        var groups = RoleGroups()
        (groups.reader, groups.agent, groups.app, groups.admin) = (
            "4000000001", "\(getegid())", "\(getegid())", "4000000002"
        )
        let own = RoleMap(groups, daemon: geteuid()).caller(peer)
        #expect(own.roles == [.admin, .agent, .app])
        #expect(own.uid == geteuid() && own.gid == getegid() && own.pid == getpid())
        // Root is one whoever the daemon is.
        let other = RoleMap(groups, daemon: geteuid() &+ 1).caller(peer)
        #expect(other.roles == (geteuid() == 0 ? [.admin, .agent, .app] : [.agent, .app]))
    }

    @Test("a group is a name or a number, and one that does not exist is said to be missing")
    func names() throws {
        var groups = RoleGroups()
        (groups.reader, groups.agent, groups.app, groups.admin) = ("root", "17", "no-such-group-a", "no-such-group-b")
        let map = RoleMap(groups, daemon: geteuid() &+ 1)
        #expect(map.missing == ["no-such-group-a", "no-such-group-b"])
        let peer = try peer()
        #expect(map.caller(peer).roles.contains(.reader) == peer.gids.contains(0))
    }

    @Test("what is no socket has no peer")
    func noSocket() throws {
        let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        #expect(throws: (any Error).self) { try PeerCredentials(of: file) }
    }
}
