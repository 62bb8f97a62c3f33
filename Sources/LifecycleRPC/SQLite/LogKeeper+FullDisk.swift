internal import LifecycleSQLite

/// When the disk is full, and when it is so no more.
extension LogKeeper {
    /// Sets the ballast aside, and keeps it from now on.
    func keepBallast() throws(StorageError) {
        keepsBallast = true
        room.pages = try countPages()
        room.committedPages = room.pages
        isDiskFull = try !setAside(target)
        if isDiskFull { enterFullDisk() }
    }

    private var target: Int64 { max(Int64(Ballast.size), room.needed(forCharges: true)) }

    /// Whether so many bytes more would be enough to leave a full disk.
    func isBackWith(_ bytes: Int64) -> Bool {
        // Not on a disk that others fill: what the log has in normal work is room for refunds, and nobody else takes it.
        guard isDiskFull, bytes > LogRoom.normalLog / 8 * 9 else { return false }
        let missing = target - ballast.bytes - bytes
        return missing <= free
    }

    /// Outside of a transaction.
    func enterFullDisk() {
        isDiskFull = true
        room.pages = room.committedPages
        ballast.shrink(to: room.needed(forCharges: false))
    }

    /// Space is back when the ballast can be set aside again.
    func leaveFullDisk() throws(StorageError) {
        if !wasHeldJustNow { try checkpoint() }
        guard isDiskFull else { return }
        // A long log makes the next batch ask for more: that must not take turns with the refusal of it.
        let reach = target + (room.logBytes > LogRoom.normalLog ? 2 * Self.largeStep : 0)
        guard reach - ballast.bytes <= free else { return }
        isDiskFull = try !setAside(target)
    }

    /// Even what settles a project finds no room.
    /// - Returns: whether there may be some now.
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

    /// Makes the ballast what it should be after a checkpoint, which may have needed some of it, or made less necessary.
    func balance() throws(StorageError) {
        guard keepsBallast else { return }
        // All is copied: perhaps a reader has gone that was in the way.
        if isDiskFull, room.frames == 0 { isDiskFull = try !setAside(target) }
        if isDiskFull {
            ballast.shrink(to: room.needed(forCharges: false))
            _ = try setAside(room.needed(forCharges: false), step: Self.smallStep)
        } else {
            // Not for some bytes: it takes two calls each time.
            if ballast.bytes > target + 2 * Self.largeStep { ballast.shrink(to: target) }
            _ = try setAside(target)
        }
    }

    /// When one piece of work is done: as much as a daemon keeps, or none when there was none.
    func endWork(ballastBefore: Int64) {
        ballast.shrink(to: min(ballastBefore, Int64(Ballast.size)))
    }
}
