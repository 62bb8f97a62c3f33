internal import Glibc
internal import LifecycleCore
internal import NIOCore

/// The process at the other end of a connection, as the kernel reported it when it connected.
struct PeerCredentials: Equatable {
    let pid: pid_t
    let uid: uid_t
    /// The primary group first.
    let gids: [gid_t]

    /// `struct ucred`, which Swift's Glibc module hides behind `_GNU_SOURCE`.
    private struct Attested {
        var pid: pid_t = 0
        var uid: uid_t = uid_t.max
        var gid: gid_t = gid_t.max
    }

    init(pid: pid_t, uid: uid_t, gids: [gid_t]) {
        (self.pid, self.uid, self.gids) = (pid, uid, gids)
    }

    private static let peerGroups: Int32 = 59  // SO_PEERGROUPS, also behind _GNU_SOURCE
    private static let mostGroups = 65_536  // NGROUPS_MAX

    /// - Throws: the error of getsockopt(2), or `EAFNOSUPPORT` for a socket of another family.
    init(of channel: any Channel) throws {
        let credentials = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable {
            (descriptor: NIOBSDSocket.Handle) in try PeerCredentials(of: descriptor)
        }
        guard let credentials else { throw IOError(errnoCode: EAFNOSUPPORT, reason: "not a socket") }
        self = credentials
    }

    /// Called once for each connection. Later changes of the peer's credentials have no effect.
    init(of descriptor: Int32) throws {
        var attested = Attested()
        var size = socklen_t(MemoryLayout<Attested>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &attested, &size) == 0,
            size == MemoryLayout<Attested>.size
        else { throw IOError(errnoCode: errno, reason: "SO_PEERCRED") }
        pid = attested.pid
        uid = attested.uid
        gids = [attested.gid] + (try Self.supplementaryGroups(of: descriptor))
    }

    private static func supplementaryGroups(of descriptor: Int32) throws -> [gid_t] {
        var capacity = 64
        while capacity <= mostGroups {
            var groups = [gid_t](repeating: 0, count: capacity)
            var size = socklen_t(capacity * MemoryLayout<gid_t>.size)
            if getsockopt(descriptor, SOL_SOCKET, peerGroups, &groups, &size) == 0 {
                return Array(groups.prefix(Int(size) / MemoryLayout<gid_t>.size))
            }
            guard errno == ERANGE else { throw IOError(errnoCode: errno, reason: "SO_PEERGROUPS") }
            capacity *= 4
        }
        throw IOError(errnoCode: ERANGE, reason: "SO_PEERGROUPS")
    }
}
