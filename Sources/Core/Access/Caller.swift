/// The process at the other end of the socket, as the kernel reported it when it connected. No request can change it.
package struct Caller: Sendable, Equatable {
    package let uid: UInt32
    package let gid: UInt32
    package let pid: Int32
    package let roles: Set<Role>

    package init(uid: UInt32, gid: UInt32, pid: Int32, roles: Set<Role>) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.roles = roles
    }
}

extension Caller: CustomStringConvertible {
    package var description: String { "uid \(uid) gid \(gid) pid \(pid)" }
}
