internal import Glibc

/// The socket as the file system shows it.
struct SocketFacts {
    let path: String
    /// What it is, for people; nil when it cannot be looked at.
    let owner: String?
    let group: String?
    let mode: String?
    let isSocket: Bool
    /// Why it cannot be looked at.
    let error: String?

    init(_ path: String) {
        self.path = path
        var status = Glibc.stat()
        guard stat(path, &status) == 0 else {
            error = String(cString: strerror(errno))
            (owner, group, mode, isSocket) = (nil, nil, nil, false)
            return
        }
        owner = Account.name(ofUser: status.st_uid) ?? "\(status.st_uid)"
        group = Account.name(ofGroup: status.st_gid)
        mode = "0" + String(status.st_mode & 0o7777, radix: 8)
        isSocket = status.st_mode & S_IFMT == S_IFSOCK
        error = nil
    }

    var description: String {
        guard let owner, let group, let mode else { return error ?? "" }
        return "\(owner):\(group) \(mode)\(isSocket ? "" : ", which is no socket")"
    }
}
