internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// Advice for a folder or a file whose owner or mode is not safe. Following it must do no other harm. So it never
/// suggests a chmod of a folder that other programs need as it is (`/tmp`), or of anything that belongs to another
/// user.
enum FolderAdvice {
    /// Why it is not safe to create files in the folder, and what to do; `nil` if it is safe.
    /// - Parameter kind: what the folder is called in the sentence.
    static func danger(of kind: String, _ path: String, _ status: stat, user: uid_t = geteuid()) -> String? {
        if user != 0, status.st_uid != user {
            return "\(kind) \(path) belongs to uid \(status.st_uid): \(owning(path, status, user: user))"
        }
        guard status.isWritableByOthers else { return nil }
        return "other users may write to \(kind) \(path): \(closing(path, status, user: user))"
    }

    /// Advice for a folder that other users may write to.
    static func closing(_ path: String, _ status: stat, user: uid_t = geteuid()) -> String {
        let isShared = status.st_mode & (S_ISVTX | S_ISGID) != 0
        if status.st_uid == user, !isShared { return "run chmod 0700 \(ShellWord.quoted(path))" }
        // In a sticky folder no other user can remove what this user creates there; the same holds for the user's own
        // folder.
        guard status.st_mode & S_ISVTX != 0 || status.st_uid == user else { return elsewhere(user) }
        return ownFolder(in: path)
    }

    /// Advice for a folder that belongs to another user.
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
