internal import Glibc

/// The numbers by which the kernel shows users and groups that this process's user namespace has none for. Every stranger
/// has them, so they say nothing about who somebody is and must never be compared with anybody's.
struct OverflowIDs: Sendable {
    /// What the kernel takes where nobody has set another: the 16-bit −2, "nobody" and "nogroup" of most systems.
    static let usual: UInt32 = 65_534

    let users: Set<uid_t>
    let groups: Set<gid_t>

    /// - Parameter folder: where the kernel says which they are. The sandbox of our unit has no such folder.
    init(folder: String = "/proc/sys/kernel") {
        users = Self.ids("\(folder)/overflowuid")
        groups = Self.ids("\(folder)/overflowgid")
    }

    init(user: uid_t, group: gid_t) {
        users = [user, Self.usual, .max]
        groups = [group, Self.usual, .max]
    }

    /// The largest number is the kernel's word for "none".
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
