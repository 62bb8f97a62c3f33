internal import Glibc
internal import LifecycleCore

/// What somebody who may not do a thing can do about it: who he is, which group is needed, how he gets into it.
enum PermissionAdvice {
    /// The kernel forbade the connection.
    static func socket(_ path: String) -> [String] {
        let account = Account()
        guard let obstacle = Obstacle(on: path) else {
            return [account.description, "Look at the modes of the socket and of the folders above it."]
        }
        guard let gid = obstacle.group else {
            let owner = Account.name(ofUser: obstacle.owner) ?? "uid \(obstacle.owner)"
            return [
                "\(account.description) \(obstacle.description), so that only \(owner) may use it.",
                "Run this as \(owner), or have the socket given to a group: \(RoleGroups().reader) is meant for that.",
            ]
        }
        let group = Account.name(ofGroup: gid)
        if account.isListed(in: gid) {
            return ["\(account.description) \(group) is needed and yours since your last login: log in again."]
        }
        return [
            "\(account.description) \(obstacle.description), so that the group \(group) is needed."
        ] + joining(group, account)
    }

    /// The daemon forbade the method.
    /// - Parameter roles: one role or several, joined by " or ".
    static func role(_ roles: String) -> [String] {
        let account = Account()
        let groups = roles.split(separator: " ").compactMap { Role(rawValue: String($0)) }.map { RoleGroups()[$0] }
        guard let first = groups.first else { return [account.description] }
        return [
            "\(account.description) The group \(groups.joined(separator: " or ")) is needed, unless the daemon was "
                + "started with other groups."
        ] + joining(first, account)
    }

    private static func joining(_ group: String, _ account: Account) -> [String] {
        let name = account.name.map(SafeText.shellWord) ?? "USER"
        return ["    sudo usermod -aG \(SafeText.shellWord(group)) \(name)", "Then log in again."]
    }
}

/// The first thing on the way to a socket that this process may not use.
struct Obstacle {
    let owner: uid_t
    let description: String
    /// Who is in it may; nil when the group is root's or may not either.
    let group: gid_t?

    init?(on socket: String) {
        for folder in Self.folders(above: socket) where faccessat(AT_FDCWD, folder, X_OK, AT_EACCESS) != 0 {
            guard errno == EACCES else { return nil }
            self.init("The folder \(folder)", folder, groupBit: S_IXGRP)
            return
        }
        self.init("The socket", socket, groupBit: S_IWGRP)
    }

    private init?(_ what: String, _ path: String, groupBit: mode_t) {
        var status = Glibc.stat()
        guard stat(path, &status) == 0 else { return nil }
        owner = status.st_uid
        let names = (Account.name(ofUser: owner) ?? "\(owner)", Account.name(ofGroup: status.st_gid))
        let mode = String(status.st_mode & 0o7777, radix: 8)
        description = "\(what) belongs to \(names.0):\(names.1) with mode 0\(mode)"
        group = status.st_gid != 0 && status.st_mode & groupBit != 0 ? status.st_gid : nil
    }

    /// From the outermost: `/`, `/run`, `/run/lifecycled`.
    private static func folders(above path: String) -> [String] {
        path.indices.filter { path[$0] == "/" }.map { $0 == path.startIndex ? "/" : String(path[..<$0]) }
    }
}
