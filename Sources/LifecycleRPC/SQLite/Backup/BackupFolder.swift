internal import Glibc
internal import LifecycleCore
package import LifecycleSQLite

/// The folder for backups, and the check whether a path leads into it.
package struct BackupFolder: Sendable {
    /// The path as it was given, or `backups` in the folder of the database.
    package let path: String
    private let database: DatabasePath

    /// Changes nothing on the disk.
    package init(_ path: String?, database: DatabasePath) {
        var path = path ?? (database.directory == "/" ? "/backups" : database.directory + "/backups")
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        self.path = path
        self.database = database
    }

    /// Creates the folder with mode 0700 if it is missing, and opens it. No other user may write to it, so its contents
    /// cannot change between a check and its use.
    func open() throws(BackupFailure) -> OpenFolder {
        let location = try location()
        if mkdir(location, 0o700) == 0 {
            try OpenFolder.sync(location + "/..")
        } else if errno != EEXIST {
            throw BackupFailure(errno: errno, cannot: "create the backup folder \(path)")
        }
        let descriptor = Glibc.open(location, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw switch errno {
            case ELOOP, ENOTDIR: BackupFailure("\(path) is not a folder: symbolic links are not followed")
            case let code: BackupFailure(errno: code, cannot: "open the backup folder \(path)")
            }
        }
        let folder = OpenFolder(descriptor, path: location)
        try check(folder)
        return folder
    }

    /// The file name in the folder for the path of a request.
    func name(of request: String) throws(BackupFailure) -> String {
        guard let slash = request.utf8.lastIndex(of: UInt8(ascii: "/")) else { return try Self.checked(request) }
        let folder = String(request[..<slash])
        let isOurs = folder.hasSameBytesAsOne(of: [path, try location()])
        guard isOurs, request.utf8.first == UInt8(ascii: "/") else {
            throw BackupFailure("backups are made in \(path) only: give a file name, or a path in that folder")
        }
        return try Self.checked(String(request[request.utf8.index(after: slash)...]))
    }

    /// The newest backup: when it was last written, in seconds since 1970, and its size in bytes. Reads the folder.
    package func newest() -> (time: Int64, bytes: Int64)? {
        guard let location = try? location() else { return nil }
        let descriptor = Glibc.open(location, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        let folder = OpenFolder(descriptor, path: location)
        let files = folder.names().filter { $0.utf8.first != UInt8(ascii: ".") }.compactMap(folder.status).filter(
            \.isRegularFile)
        return files.max { $0.st_mtim.tv_sec < $1.st_mtim.tv_sec }.map { (Int64($0.st_mtim.tv_sec), Int64($0.st_size)) }
    }

    // MARK: Steps

    /// The absolute path. The folders above are resolved. The last one is not, because it must not be a symbolic link.
    private func location() throws(BackupFailure) -> String {
        do throws(StorageError) {
            return try DatabasePath(path).path
        } catch {
            throw BackupFailure("the backup folder \(path) cannot be used: \(error.message)")
        }
    }

    private func check(_ folder: OpenFolder) throws(BackupFailure) {
        var status = stat()
        guard fstat(folder.descriptor, &status) == 0 else {
            throw BackupFailure(errno: errno, cannot: "look at the backup folder \(path)")
        }
        if let danger = FolderAdvice.danger(of: "the backup folder", path, status) { throw BackupFailure(danger) }
        var home = stat()
        guard stat(database.directory, &home) == 0, (home.st_dev, home.st_ino) != (status.st_dev, status.st_ino) else {
            throw BackupFailure("the backup folder \(path) is the database's own: choose another --backup-folder")
        }
    }

    private static func checked(_ name: String) throws(BackupFailure) -> String {
        guard !name.isEmpty, name.utf8.first != UInt8(ascii: ".") else {
            throw BackupFailure("a backup's name must not be empty nor begin with a dot")
        }
        guard name.utf8.count <= Int(NAME_MAX) else {
            throw BackupFailure("a backup's name must have at most \(NAME_MAX) bytes, not \(name.utf8.count)")
        }
        guard !DatabasePath.companions.contains(where: name.hasSuffix) else {
            throw BackupFailure("a backup's name must not end in -wal, -shm or -journal, which SQLite gives a meaning")
        }
        return name
    }
}

extension String {
    fileprivate func hasSameBytesAsOne(of others: [String]) -> Bool {
        others.contains { utf8.elementsEqual($0.utf8) }
    }
}
