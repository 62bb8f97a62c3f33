internal import Glibc

/// The ids that the kernel shows for users and groups that have no id in this process's user namespace. All of them
/// have the same id, so it identifies nobody and must never match.
struct OverflowIDs: Sendable {
    /// The kernel's default: the 16-bit −2, which is "nobody" and "nogroup" on most systems.
    static let usual: UInt32 = 65_534

    let users: Set<uid_t>
    let groups: Set<gid_t>

    /// - Parameter folder: has the kernel's settings. The sandbox of the packaged unit hides it; then the default is
    ///   used.
    init(folder: String = "/proc/sys/kernel") {
        users = Self.ids("\(folder)/overflowuid")
        groups = Self.ids("\(folder)/overflowgid")
    }

    init(user: uid_t, group: gid_t) {
        users = [user, Self.usual, .max]
        groups = [group, Self.usual, .max]
    }

    /// Includes the largest number, which means "no id" to the kernel.
    private static func ids(_ path: String) -> Set<UInt32> {
        let usual: Set<UInt32> = [Self.usual, .max]
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return usual }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = read(descriptor, &bytes, bytes.count)
        let digits = bytes.prefix(max(0, count)).prefix { (0x30...0x39).contains($0) }
        return usual.union(UInt32(String(decoding: digits, as: UTF8.self)).map { [$0] } ?? [])
    }
}
