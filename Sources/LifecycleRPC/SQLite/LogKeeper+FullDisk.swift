internal import LifecycleCore
internal import LifecycleSQLite

/// How the WAL and the reserve file are managed when the disk becomes full, and when it has room again.
extension LogKeeper {
    /// Sets the reserve file aside, and maintains it from now on.
    func keepBallast() throws(StorageError) {
        keepsBallast = true
        room.pages = try countPages()
        room.committedPages = room.pages
        isDiskFull = try !setAside(target)
        if isDiskFull { enterFullDisk() }
    }

    private var target: Int64 { max(Int64(Ballast.size), room.needed(forCharges: true)) }

    /// Whether this many more free bytes would be enough to leave the full disk.
    func isBackWith(_ bytes: Int64) -> Bool {
        // False for small amounts. On a disk that other programs fill, the WAL's normal size is kept as room for
        // refunds that no other program can take.
        guard isDiskFull, bytes > LogRoom.normalLog / 8 * 9 else { return false }
        let missing = target - ballast.bytes - bytes
        return missing <= free
    }

    /// Call it outside a transaction.
    func enterFullDisk() {
        isDiskFull = true
        room.pages = room.committedPages
        ballast.shrink(to: room.needed(forCharges: false))
    }

    /// Ends the state of a full disk if the reserve file can be set aside again.
    func leaveFullDisk() throws(StorageError) {
        if !wasHeldJustNow { try checkpoint() }
        guard isDiskFull else { return }
        // After a long WAL the next charges need more room. Without this reserve, leaving the full disk and refusing
        // charges would alternate.
        let reach = target + (room.logBytes > LogRoom.normalLog ? 2 * Self.largeStep : 0)
        guard reach - ballast.bytes <= free else { return }
        isDiskFull = try !setAside(target)
    }

    /// Called when not even an expiry or a report finds room. Tries to make some.
    /// - Returns: whether there may be room now.
    func regainRoom() throws(StorageError) -> Bool {
        guard isDiskFull else {
            enterFullDisk()
            return true
        }
        freeSnapshots()
        guard database.walFrames > 0, !wasHeldJustNow else { return false }
        try checkpoint()
        return true
    }

    /// Adapts the reserve file after a checkpoint, which may have used a part of it, or may have made less of it
    /// necessary.
    func balance() throws(StorageError) {
        guard keepsBallast else { return }
        // The whole WAL is copied. Perhaps the reader that prevented it has ended.
        if isDiskFull, room.frames == 0 { isDiskFull = try !setAside(target) }
        if isDiskFull {
            ballast.shrink(to: room.needed(forCharges: false))
            _ = try setAside(room.needed(forCharges: false), step: Self.smallStep)
        } else {
            // Not for small differences, because each change takes two system calls.
            if ballast.bytes > target + 2 * Self.largeStep { ballast.shrink(to: target) }
            _ = try setAside(target)
        }
    }

    /// Called at the end of one piece of work without a daemon. Leaves the reserve file as it was before, but no larger
    /// than a daemon's.
    func endWork(ballastBefore: Int64) {
        ballast.shrink(to: min(ballastBefore, Int64(Ballast.size)))
    }
}
