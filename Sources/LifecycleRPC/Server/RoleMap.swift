internal import Glibc
internal import LifecycleCore

/// From Unix groups to roles. Root and the daemon's own user are admins; everybody else is what his groups say.
struct RoleMap: Sendable {
    private let roles: [gid_t: Set<Role>]
    private let daemon: uid_t
    /// Groups that do not exist here, so that nobody has their role by them.
    let missing: [String]

    init(_ groups: RoleGroups, daemon: uid_t = geteuid()) {
        var roles: [gid_t: Set<Role>] = [:]
        var missing: [String] = []
        for (role, name) in [
            (Role.reader, groups.reader), (.agent, groups.agent), (.app, groups.app), (.admin, groups.admin),
        ] {
            if let gid = Self.gid(of: name) {
                roles[gid, default: []].insert(role)
            } else {
                missing.append(name)
            }
        }
        self.roles = roles
        self.missing = missing
        self.daemon = daemon
    }

    func caller(_ peer: PeerCredentials) -> Caller {
        var granted: Set<Role> = peer.uid == 0 || peer.uid == daemon ? [.admin] : []
        for gid in peer.gids { granted.formUnion(roles[gid] ?? []) }
        return Caller(uid: peer.uid, gid: peer.gids.first ?? gid_t.max, pid: peer.pid, roles: granted)
    }

    /// A group's number, by its name or as it is.
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
