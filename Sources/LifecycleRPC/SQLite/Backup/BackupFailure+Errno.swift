internal import Glibc
internal import LifecycleCore

extension BackupFailure {
    /// Describes a failed system call. `action` completes the sentence "cannot …".
    init(errno code: Int32, cannot action: String) {
        let reason = "cannot \(action): \(String(cString: strerror(code)))"
        self.init(code == ENOSPC || code == EDQUOT ? "the disk is full: cannot \(action)" : reason)
    }
}
