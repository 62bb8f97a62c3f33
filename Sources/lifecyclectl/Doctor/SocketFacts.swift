internal import Glibc

/// The owner, group and mode of the socket's file.
struct SocketFacts {
    let path: String
    /// All `nil` if the file cannot be read.
    let owner: String?
    let group: String?
    let mode: String?
    let isSocket: Bool
    /// Why the file cannot be read.
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
        return "\(owner):\(group) \(mode)\(isSocket ? "" : ", not a socket")"
    }
}
