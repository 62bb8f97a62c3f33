internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// The database that an import writes to. A dry run without a database gets a temporary one, which is removed on
/// `deinit`.
struct ImportTarget: ~Copyable {
    let path: String
    /// There was no database at the given path.
    let isNew: Bool
    private let scratchFolder: String?

    /// If the process is root, it changes its user to the owner of the database's folder: the daemon could not use
    /// files that belong to root.
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
            let scratchFolder = try Self.makeFolder()
            path = scratchFolder + "/lifecycle.db"
            self.isNew = isNew
            self.scratchFolder = scratchFolder
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
