internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// What to do where the owner or the mode of a folder or a file is not safe. Whoever follows it must not harm anything
/// else: no chmod of a folder that others need as it is (`/tmp`), and none of what belongs to another user.
enum FolderAdvice {
    /// Why what the daemon makes in the folder would not be safe there, and what to do; nil when it is.
    /// - Parameter kind: what the folder is called in the sentence.
    static func danger(of kind: String, _ path: String, _ status: stat, user: uid_t = geteuid()) -> String? {
        if user != 0, status.st_uid != user {
            return "\(kind) \(path) belongs to uid \(status.st_uid): \(owning(path, status, user: user))"
        }
        guard status.isWritableByOthers else { return nil }
        return "other users may write to \(kind) \(path): \(closing(path, status, user: user))"
    }

    /// Others may write to the folder.
    static func closing(_ path: String, _ status: stat, user: uid_t = geteuid()) -> String {
        let isShared = status.st_mode & (S_ISVTX | S_ISGID) != 0
        if status.st_uid == user, !isShared { return "run chmod 0700 \(ShellWord.quoted(path))" }
        // Of a sticky folder nobody else can take away what is made in it; nor of the user's own.
        guard status.st_mode & S_ISVTX != 0 || status.st_uid == user else { return elsewhere(user) }
        return ownFolder(in: path)
    }

    /// The folder is another user's.
    static func owning(_ path: String, _ status: stat, user: uid_t = geteuid()) -> String {
        let isSharedByAll = status.st_mode & S_ISVTX != 0 && status.st_mode & 0o002 != 0
        return isSharedByAll ? ownFolder(in: path) : elsewhere(user)
    }

    private static func ownFolder(in path: String) -> String {
        let folder = path.utf8.last == UInt8(ascii: "/") ? "\(path)lifecycle" : "\(path)/lifecycle"
        return "use a folder of its own: mkdir -m 700 \(ShellWord.quoted(folder))"
    }

    private static func elsewhere(_ user: uid_t) -> String {
        "use a folder that belongs to uid \(user) and that nobody else may write to"
    }
}
