internal import Glibc

/// The user and groups of this process, as the kernel reports them to the daemon.
struct Account {
    let uid = geteuid()
    /// The groups of this process, which it got at login. The group database may have changed since then.
    let groups: [gid_t]

    init() {
        var further = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
        let count = getgroups(Int32(further.count), &further)
        further = Array(further.prefix(max(0, Int(count))))
        groups = [getegid()] + further.filter { $0 != getegid() }
    }

    var name: String? { Self.name(ofUser: uid) }

    var description: String {
        let who = name.map { "\($0) (uid \(uid))" } ?? "uid \(uid), which has no user name,"
        let names = groups.map(Self.name(ofGroup:)).joined(separator: ", ")
        return "You are \(who) in the group\(groups.count == 1 ? "" : "s") \(names)."
    }

    /// The user is in the group after the next login.
    func isListed(in gid: gid_t) -> Bool {
        guard let name, let entry = getpwuid(uid) else { return false }
        var gids = [gid_t](repeating: 0, count: 1024)
        var count = Int32(gids.count)
        guard getgrouplist(name, entry.pointee.pw_gid, &gids, &count) >= 0 else { return false }
        return gids.prefix(Int(count)).contains(gid)
    }

    static func name(ofUser uid: uid_t) -> String? {
        getpwuid(uid).flatMap { $0.pointee.pw_name }.map { String(cString: $0) }
    }

    /// The group's number if it has no name.
    static func name(ofGroup gid: gid_t) -> String {
        getgrgid(gid).flatMap { $0.pointee.gr_name }.map { String(cString: $0) } ?? "\(gid)"
    }
}
