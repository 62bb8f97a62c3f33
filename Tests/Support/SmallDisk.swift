internal import Foundation

/// A file system of a few megabytes, which a test may fill or break. Root only.
package final class SmallDisk: @unchecked Sendable {
    // Used by one task.
    package enum Kind: Sendable {
        case memory
        /// ext4 in a file, which can be broken while it is in use.
        case ext4
    }

    package let path: String
    private let folder: ScratchFolder

    package static let isAvailable = (try? SmallDisk(.memory, megabytes: 1)) != nil
    package static let isBreakable = (try? SmallDisk(.ext4, megabytes: 8)) != nil

    package init(_ kind: Kind, megabytes: Int) throws {
        folder = try ScratchFolder()
        path = folder.file("m")
        guard Machine.isRoot, mkdir(path, 0o700) == 0 else { throw TestFailure("no mounts here") }
        switch kind {
        case .memory: try Self.run("mount", "-t", "tmpfs", "-o", "size=\(megabytes)m,mode=0700", "tmpfs", path)
        case .ext4:
            let image = folder.file("image")
            try Self.run("truncate", "-s", "\(megabytes)M", image)
            try Self.run("mkfs.ext4", "-q", "-F", "-m", "0", image)
            try Self.run("mount", "-o", "loop", image, path)
            chmod(path, 0o700)
        }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Takes all the space that is left, but for some megabytes.
    package func fill(leaving megabytes: Int = 0, name: String = "filler") throws {
        let descriptor = open(file(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TestFailure("cannot fill the disk: \(errno)") }
        defer { close(descriptor) }
        let block = [UInt8](repeating: 0x55, count: 4096)
        var size: off_t = 0
        while write(descriptor, block, block.count) > 0 { size += off_t(block.count) }
        guard errno == ENOSPC, ftruncate(descriptor, max(0, size - off_t(megabytes << 20))) == 0 else {
            throw TestFailure("cannot fill the disk: \(errno)")
        }
    }

    package func free() { unlink(file("filler")) }

    /// Gives one in memory another size.
    package func resize(megabytes: Int) throws { try Self.run("mount", "-o", "remount,size=\(megabytes)m", path) }

    /// Holds up whoever writes to it, for as long as it is frozen. Of kind ext4.
    package func freeze() throws { try Self.run("fsfreeze", "--freeze", path) }
    package func thaw() throws { try Self.run("fsfreeze", "--unfreeze", path) }

    /// Makes it read-only in spite of the files that are open for writing, as the kernel does after an error.
    package func turnReadOnly() throws { try Self.run("mount", "-o", "remount,abort", path) }

    private static func run(_ program: String, _ arguments: String...) throws {
        let (code, _, errors) = try ChildProcess.run(program, arguments)
        guard code == 0 else { throw TestFailure("\(program): \(errors)") }
    }
}
