internal import Glibc
internal import LifecycleSQLite

/// The database that an import works on. A dry run where there is none yet gets one of its own, which goes with this.
struct ImportTarget: ~Copyable {
    let path: String
    /// Nothing was at the path that was given.
    let isNew: Bool
    private let scratchFolder: String?

    /// As root, becomes the owner of the database's folder for good: files of root in it would keep the daemon out.
    init(_ database: String, dryRun: Bool, mayCreate: Bool) throws(ImportError) {
        do throws(StorageError) {
            let isNew = try DatabasePresence.isNew(database, mayCreate: mayCreate)
            let folder = try DatabasePath.split(database).folder
            if let status = try POSIXFile.status(folder), geteuid() == 0, status.st_uid != 0 {
                guard setgroups(0, nil) == 0, setgid(status.st_gid) == 0, setuid(status.st_uid) == 0 else {
                    throw StorageError(errno: errno, cannot: "become the owner of \(folder), uid \(status.st_uid)")
                }
            }
            guard dryRun, isNew else {
                path = database
                self.isNew = isNew
                scratchFolder = nil
                return
            }
            let folderOfItsOwn = try Self.makeFolder()
            path = folderOfItsOwn + "/lifecycle.db"
            self.isNew = isNew
            scratchFolder = folderOfItsOwn
        } catch {
            throw .database(error)
        }
    }

    deinit {
        guard let scratchFolder else { return }
        for ending in ["", ".lock", ".ballast"] + DatabasePath.companions { unlink(path + ending) }
        rmdir(scratchFolder)
    }

    private static func makeFolder() throws(StorageError) -> String {
        var template = Array("/var/tmp/lifecycle-import.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StorageError(errno: errno, cannot: "make a folder in /var/tmp") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
