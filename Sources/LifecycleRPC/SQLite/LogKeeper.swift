internal import Glibc
internal import LifecycleCore
internal import LifecycleSQLite

/// Makes checkpoints, gives back disk space that the WAL does not need, and ensures before each commit that later
/// checkpoints and refunds have room: see `LogRoom`. "Log" in these names is the WAL. Not `Sendable`: used on the
/// thread of its database.
final class LogKeeper {
    /// When the WAL has this many frames, the writer makes a checkpoint between two commits. This is 16 MiB of pages of
    /// 4 KiB: enough that checkpoints are rare, and little enough for a quick start after a crash.
    static let checkpointFrames: Int32 = 4096

    let database: Database
    let ballast: Ballast
    let uptime: Uptime
    /// New projects and grants are refused. Reports and expiries continue in the space that the reserve file gave back.
    var isDiskFull = false
    var room = LogRoom()
    /// Whether the reserve file is maintained between commits. False if the database is opened for one piece of work.
    var keepsBallast = false
    /// The number of frames for which the index of the WAL has room. It never shrinks while the database is open.
    private var indexedFrames: Int64 = 0

    /// The number of frames at which the next checkpoint is tried. A reader with an old snapshot, such as a backup,
    /// makes checkpoints partial. The next try then comes after `checkpointFrames` more frames or after 1 second, and
    /// not after every commit, because each try looks at the whole WAL.
    private var nextCheckpoint = LogKeeper.checkpointFrames
    private var lastCheckpoint: Int64 = 0
    /// True if all of the WAL is copied, but a reader prevented the cut of the file.
    private var awaitsTruncation = false
    private var watch = LogWatch()
    private var lastLook: Int64?
    private let pageCount: Statement
    private let onReport: @Sendable (LogReport) -> Void
    /// Asks the daemon's own readers to end their snapshots.
    let freeSnapshots: @Sendable () -> Void

    init(
        _ database: Database, _ ballast: Ballast, uptime: @escaping Uptime = systemUptime,
        onReport: @escaping @Sendable (LogReport) -> Void = { _ in },
        freeSnapshots: @escaping @Sendable () -> Void = {}
    ) throws(StorageError) {
        self.database = database
        self.ballast = ballast
        self.uptime = uptime
        self.onReport = onReport
        self.freeSnapshots = freeSnapshots
        pageCount = try database.prepare("PRAGMA page_count")
        room.pageSize = try database.integer("PRAGMA page_size") ?? room.pageSize
        // Frames that an earlier process has left in the WAL are estimated from the size of the file.
        room.frames = (logBytes + LogRoom.frame - 1) / LogRoom.frame
    }

    // MARK: Before a commit

    /// Sets aside the room that the open transaction makes necessary.
    /// - Parameter isCharge: whether the transaction takes credits or gives new ones. Then it may be refused, to keep
    ///   room for captures and refunds.
    /// - Throws: `.full` if there is no room.
    func prepareCommit(isCharge: Bool) throws(StorageError) {
        let pages = try countPages()
        room.frames = Int64(database.walFrames)
        if room.mayOutgrowIndex(of: indexedFrames) { try checkIndex() }
        room.pages = pages
        let needed = room.needed(forCharges: isCharge)
        if ballast.bytes < needed, try !setAside(needed, step: isCharge ? Self.largeStep : Self.smallStep) {
            if isCharge { throw full }
            let free = free
            if free < LogRoom.leastForRefunds / 2 { freeSnapshots() }
            room.pages = room.committedPages
            let wasShort = room.ballastDuringCopy(ballast: ballast.bytes, free: free) == nil
            room.pages = pages
            guard room.allowsRefund(ballast: ballast.bytes, free: free, wasShort: wasShort) else { throw full }
        } else if isDiskFull, free < LogRoom.leastForRefunds / 2 {
            freeSnapshots()
        }
    }

    /// Call it when the transaction is in the WAL.
    func committed() { room.committedPages = room.pages }

    func countPages() throws(StorageError) -> Int64 {
        defer { pageCount.reset() }
        return try pageCount.step() ? pageCount.integer(0) : 0
    }

    private func checkIndex() throws(StorageError) {
        indexedFrames = LogRoom.indexedFrames(fileSize: DiskSpace.size(of: database.path + "-shm") ?? 0)
        guard room.mayOutgrowIndex(of: indexedFrames), !room.allowsIndexToGrow(free: free) else { return }
        throw full
    }

    static let largeStep = 4 * LogRoom.mebi
    static let smallStep = LogRoom.mebi

    /// Grows the reserve file to this size. If the disk has room, it grows by whole steps, so that not every commit has
    /// to grow it.
    func setAside(_ needed: Int64, step: Int64 = largeStep) throws(StorageError) -> Bool {
        guard ballast.bytes < needed else { return true }
        guard needed - ballast.bytes <= free else { return false }
        if try ballast.grow(to: (needed + step - 1) / step * step) { return true }
        return try ballast.grow(to: needed)
    }

    /// In bytes. If they are unknown, the writes themselves will show whether there is room.
    var free: Int64 { DiskSpace.free(at: database.path) ?? .max }
    private var logBytes: Int64 { DiskSpace.size(of: database.path + "-wal") ?? 0 }

    private var full: StorageError {
        guard room.logBytes > 2 * LogRoom.normalLog else {
            return StorageError(
                .full, "the disk of \(database.path) is full: free some space; the write was rolled back")
        }
        return StorageError(
            .full,
            """
            the log of \(database.path) has grown to \(room.logBytes / LogRoom.mebi) MiB, as a backup or another program \
            reads an old state of it, and the rest of the disk is kept for the copy and for refunds: end that reader, or \
            free some space; the write was rolled back
            """)
    }

    // MARK: Checkpoints

    /// True if the last checkpoint was partial. The reader that prevented it may have ended.
    var awaitsCheckpoint: Bool { database.walFrames >= Self.checkpointFrames || watch.heldSince != nil }

    /// True if something has to be checked again in 1 second, even if no request arrives.
    var isWatchful: Bool { awaitsCheckpoint || awaitsTruncation || watch.isRaised }

    /// True if a checkpoint now would fail because of the same reader: it has held its snapshot for at least 1 second,
    /// and the last try was less than 1 second ago.
    var wasHeldJustNow: Bool {
        guard let since = watch.heldSince, watch.isHeldByReader else { return false }
        let now = uptime()
        return now &- since >= 1000 && now &- lastCheckpoint < 1000 && database.walFrames < nextCheckpoint
    }

    /// Makes a checkpoint if the WAL has grown long. Call it between commit groups.
    func checkpointIfDue() throws(StorageError) {
        if awaitsTruncation {
            try giveBackLog()
            try balance()
        }
        guard awaitsCheckpoint else { return }
        if database.walFrames >= nextCheckpoint || uptime() &- lastCheckpoint >= 1000 { try checkpoint() }
    }

    /// Copies what can be copied. Copies nothing if the disk has no room for all of it, because a part of the copy does
    /// not help.
    func checkpoint() throws(StorageError) {
        room.pages = try countPages()
        room.committedPages = room.pages
        if database.walFrames > 0 { room.frames = Int64(database.walFrames) }
        let result = try copy()
        lastCheckpoint = uptime()
        nextCheckpoint = database.walFrames.addingReportingOverflow(Self.checkpointFrames).partialValue
        watch.note(result, at: lastCheckpoint)
        measure(isCounted: result != nil)
        if let result, result.logFrames == result.checkpointed { try giveBackLog() }
        try balance()
    }

    /// - Returns: `nil` if there was no room.
    private func copy() throws(StorageError) -> (logFrames: Int32, checkpointed: Int32)? {
        for attempt in 1...2 {
            // The first try trusts the free space that the disk shows. A quota may allow less, so the second try counts
            // on the reserve file only.
            let free = attempt == 1 ? free : 0
            guard let rest = room.ballastDuringCopy(ballast: ballast.bytes, free: free) else { return nil }
            if rest < ballast.bytes { ballast.shrink(to: rest) }
            do {
                return try database.checkpoint(.passive)
            } catch  where error.kind == .full {
                measure(isCounted: false)
            } catch  where !error.isFatal {
                return nil
            }
        }
        return nil
    }

    /// Measures the database file. Only checkpoints write to it.
    private func measure(isCounted: Bool) {
        if isCounted { room.frames = Int64(database.walFrames) }
        guard let file = try? POSIXFile.status(database.path) else { return }
        room.allocated = min(Int64(file.st_size), Int64(file.st_blocks) * 512)
        if room.frames == 0 { room.spared = Int64(file.st_size) - room.allocated }
    }

    /// Cuts the WAL file, which never shrinks by itself, if it is long or if that ends the state of a full disk. Does
    /// not wait for readers, because a reader is usually in the way for a short time only.
    private func giveBackLog() throws(StorageError) {
        let bytes = logBytes
        awaitsTruncation = bytes > LogRoom.longLog || isBackWith(bytes)
        guard awaitsTruncation else { return }
        do {
            try database.checkpoint(.truncate, waits: false)
            awaitsTruncation = false
            measure(isCounted: true)
        } catch  where !error.isFatal {
            // It is tried again with the next `checkpointIfDue`.
        }
    }

    /// Copies all of the WAL and cuts its file to 0 bytes.
    /// - Throws: `.busy` if a reader prevents it, `.full` if there is no room for the copy. The WAL stays complete
    ///   then.
    func empty() throws(StorageError) {
        try checkpoint()
        guard watch.heldSince == nil else {
            let error = full
            guard room.ballastDuringCopy(ballast: ballast.bytes, free: free) != nil else { throw error }
            throw StorageError(
                .busy, "\(database.path) is in use: another program reads an old state of it, which keeps its log")
        }
        try database.checkpoint(.truncate)
        measure(isCounted: true)
    }

    // MARK: Reports

    /// Reports the state of the WAL, at most once per second.
    func look() {
        let now = uptime()
        if let lastLook, now &- lastLook < 1000 { return }
        lastLook = now
        let bytes = logBytes
        let free = DiskSpace.free(at: database.path)
        let alarm = watch.look(logBytes: bytes, freeBytes: free, at: now)
        onReport(
            LogReport(
                logBytes: bytes, freeBytes: free, heldFor: watch.heldSince.map { now &- $0 } ?? 0,
                refusesCharges: isDiskFull, alarm: alarm))
    }
}
