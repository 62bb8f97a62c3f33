internal import Glibc
internal import LifecycleCore

/// Advice for a user without permission: the user's groups, the group that is needed, and how to join it.
enum PermissionAdvice {
    /// Advice if the kernel refused the connection.
    static func socket(_ path: String) -> [String] {
        let account = Account()
        guard let obstacle = Obstacle(on: path) else {
            return [account.description, "Check the modes of the socket and of the folders above it."]
        }
        guard let gid = obstacle.group else {
            let owner = Account.name(ofUser: obstacle.owner) ?? "uid \(obstacle.owner)"
            return [
                "\(account.description) \(obstacle.description), so only \(owner) may use it.",
                "Run this as \(owner), or give the socket to a group, usually \(RoleGroups().reader).",
            ]
        }
        let group = Account.name(ofGroup: gid)
        if account.isListed(in: gid) {
            return [
                "\(account.description) The group \(group) is needed. You are in it after your next login."
            ]
        }
        return [
            "\(account.description) \(obstacle.description), so the group \(group) is needed."
        ] + joining(group, account)
    }

    /// Advice if the daemon refused the method.
    /// - Parameter roles: the roles that may call it, joined by " or ".
    static func role(_ roles: String) -> [String] {
        let account = Account()
        let groups = roles.split(separator: " ").compactMap { Role(rawValue: String($0)) }.map { RoleGroups()[$0] }
        guard let first = groups.first else { return [account.description] }
        return [
            "\(account.description) The group \(groups.joined(separator: " or ")) is needed, if the daemon uses the "
                + "default groups."
        ] + joining(first, account)
    }

    private static func joining(_ group: String, _ account: Account) -> [String] {
        let name = account.name.map(SafeText.shellWord) ?? "USER"
        return ["    sudo usermod -aG \(SafeText.shellWord(group)) \(name)", "Then log in again."]
    }
}

/// The first folder above a socket, or the socket itself, that this process may not use.
struct Obstacle {
    let owner: uid_t
    let description: String
    /// Its members may use it. `nil` if the group is root's or has no permission either.
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

    /// `/`, `/run`, `/run/lifecycled`.
    private static func folders(above path: String) -> [String] {
        path.indices.filter { path[$0] == "/" }.map { $0 == path.startIndex ? "/" : String(path[..<$0]) }
    }
}
