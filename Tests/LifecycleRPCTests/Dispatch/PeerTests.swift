internal import Glibc
internal import LifecycleCore
internal import TestSupport
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

    /// Overflow ids of this machine, and what is usual where they cannot be read.
    private static let overflows = [OverflowIDs(), OverflowIDs(folder: "/nowhere"), OverflowIDs(user: 7, group: 8)]

    @Test("the number that stands for all strangers is nobody: not the daemon, not root, and of no group")
    func overflow() {
        var groups = RoleGroups()
        (groups.reader, groups.agent, groups.app, groups.admin) = ("65534", "8", "100", "9")
        for overflow in Self.overflows {
            for user in overflow.users {
                let map = RoleMap(groups, daemon: user, overflow: overflow)
                #expect(map.unmatched.contains { $0.contains("uid \(user)") && $0.contains("no admin") })
                let stranger = PeerCredentials(pid: 1, uid: user, gids: [65_534, .max])
                #expect(map.caller(stranger).roles == [])
                #expect(map.caller(stranger).uid == user, "the history shows what the kernel says")
                // A group that has a number here is who it is.
                #expect(map.caller(PeerCredentials(pid: 1, uid: user, gids: [65_534, 100])).roles == [.app])
                #expect(map.caller(PeerCredentials(pid: 1, uid: 0, gids: [100])).roles == [.admin, .app])
            }
        }
        let changed = RoleMap(groups, daemon: 7, overflow: OverflowIDs(user: 0, group: 8))
        #expect(changed.caller(PeerCredentials(pid: 1, uid: 0, gids: [8])).roles == [])
        #expect(changed.caller(PeerCredentials(pid: 1, uid: 7, gids: [9])).roles == [.admin])
        #expect(changed.unmatched.count == 2 && changed.missing.isEmpty)
        #expect(RoleMap(RoleGroups(), daemon: 7).unmatched.isEmpty)
    }

    @Test("the overflow ids are the kernel's, with the usual ones in any case")
    func overflowIDs() throws {
        let folder = try ScratchFolder()
        try folder.write(Array("4711\n".utf8), to: folder.file("overflowuid"))
        try folder.write(Array("\n".utf8), to: folder.file("overflowgid"))
        let ids = OverflowIDs(folder: folder.path)
        #expect(ids.users == [4711, 65_534, .max])
        #expect(ids.groups == [65_534, .max])
    }

    @Test("what is no socket has no peer")
    func noSocket() throws {
        let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        #expect(throws: (any Error).self) { try PeerCredentials(of: file) }
    }
}
