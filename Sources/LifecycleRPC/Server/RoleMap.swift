internal import Glibc
internal import LifecycleCore

/// Maps Unix groups to roles. Root and the daemon's user are admins. All other callers have the roles of their groups.
/// Ids of unmapped users and groups match nobody: see `OverflowIDs`.
struct RoleMap: Sendable {
    private let roles: [gid_t: Set<Role>]
    private let daemon: uid_t
    private let overflow: OverflowIDs
    /// The configured groups that do not exist, so nobody has their roles.
    let missing: [String]
    /// The configured ids that exist but match nobody, one sentence each.
    let unmatched: [String]

    init(_ groups: RoleGroups, daemon: uid_t = geteuid(), overflow: OverflowIDs = OverflowIDs()) {
        var roles: [gid_t: Set<Role>] = [:]
        var missing: [String] = []
        var unmatched: [String] = []
        if overflow.users.contains(daemon) {
            unmatched.append("lifecycled runs as uid \(daemon): its own user is no admin")
        }
        for (role, name) in [
            (Role.reader, groups.reader), (.agent, groups.agent), (.app, groups.app), (.admin, groups.admin),
        ] {
            switch Self.gid(of: name) {
            case nil: missing.append(name)
            case let gid? where overflow.groups.contains(gid):
                unmatched.append("the group \(name) is gid \(gid): nobody has the role \(role.rawValue) by it")
            case let gid?: roles[gid, default: []].insert(role)
            }
        }
        self.roles = roles
        self.daemon = daemon
        self.overflow = overflow
        self.missing = missing
        self.unmatched = unmatched
    }

    func caller(_ peer: PeerCredentials) -> Caller {
        let isKnown = !overflow.users.contains(peer.uid)
        var granted: Set<Role> = isKnown && (peer.uid == 0 || peer.uid == daemon) ? [.admin] : []
        for gid in peer.gids where !overflow.groups.contains(gid) { granted.formUnion(roles[gid] ?? []) }
        return Caller(uid: peer.uid, gid: peer.gids.first ?? gid_t.max, pid: peer.pid, roles: granted)
    }

    /// The id of a group that is given by its name or id.
    private static func gid(of name: String) -> gid_t? {
        if let number = gid_t(name) { return number }
        var buffer = [CChar](repeating: 0, count: 1024)
        while true {
            var entry = group()
            var found: UnsafeMutablePointer<group>?
            let code = getgrnam_r(name, &entry, &buffer, buffer.count, &found)
            guard code == ERANGE, buffer.count < 1 << 20 else { return found == nil ? nil : entry.gr_gid }
            buffer = [CChar](repeating: 0, count: buffer.count * 4)
        }
    }
}
