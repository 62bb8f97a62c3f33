internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// An open folder. Operations by its descriptor stay in this folder, even if its path is changed meanwhile. Not
/// `Sendable`.
final class OpenFolder {
    let descriptor: Int32
    /// The absolute path.
    let path: String

    /// Takes over the descriptor and closes it at the end.
    init(_ descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    func file(_ name: String) -> String { path == "/" ? "/\(name)" : "\(path)/\(name)" }

    /// The status of the name itself, without following symbolic links; `nil` if there is none or it cannot be read.
    func status(_ name: String) -> stat? {
        var status = stat()
        return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status : nil
    }

    func remove(_ name: String) { unlinkat(descriptor, name, 0) }

    /// Makes the names in the folder durable.
    func sync() throws(BackupFailure) {
        do throws(StorageError) { try POSIXFile.sync(descriptor, path) } catch {
            throw BackupFailure(errno: error.code, cannot: "sync the folder \(path)")
        }
    }

    /// The same for a folder that is not open.
    static func sync(_ path: String) throws(BackupFailure) {
        do throws(StorageError) { try POSIXFile.sync(folder: path) } catch {
            throw BackupFailure(errno: error.code, cannot: "sync the folder \(path)")
        }
    }

    /// All names except `.` and `..`. None if the folder cannot be read.
    func names() -> [String] {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return [] }
        guard let stream = fdopendir(copy) else {
            close(copy)
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
