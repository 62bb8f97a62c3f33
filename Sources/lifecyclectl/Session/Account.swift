internal import Glibc

/// Who runs this command, as the daemon's kernel sees it.
struct Account {
    let uid = geteuid()
    /// Those of this process, which are the ones of the login.
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

    /// Whether the next login has the group.
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

    /// The number when it has no name.
    static func name(ofGroup gid: gid_t) -> String {
        getgrgid(gid).flatMap { $0.pointee.gr_name }.map { String(cString: $0) } ?? "\(gid)"
    }
}
