internal import Glibc
internal import LifecycleSQLite

/// Copies the log into the database, gives back what it does not need, and sees to it before each commit that both stay
/// possible: see `LogRoom`. Not `Sendable`: on the thread of its database.
final class LogKeeper {
    let database: Database
    let ballast: Ballast
    let uptime: Uptime
    /// New projects and grants are refused, what settles a project goes on, from the space that the ballast gave up.
    var isDiskFull = false
    var room = LogRoom()
    /// A ballast is kept between commits; not where the database is opened for one piece of work.
    var keepsBallast = false
    /// Frames for which the log's index has room. It never shrinks while the database is open.
    private var indexedFrames: Int64 = 0

    /// A reader that holds on to its snapshot, such as a backup, makes checkpoints partial: the next one is tried when as
    /// many frames more have gathered or a second has passed, and not after every commit, as each looks at the whole WAL.
    private var nextCheckpoint = Writer.checkpointFrames
    private var lastCheckpoint: Int64 = 0
    /// All is copied, and the file is still long: a reader was in the way for a moment.
    private var awaitsTruncation = false
    private var watch = LogWatch()
    private var lastLook: Int64?
    private let pageCount: Statement
    private let onReport: @Sendable (LogReport) -> Void
    /// Asks readers of our own to let go of their snapshots.
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
        // What an earlier process has left in it nobody has counted yet.
        room.frames = (logBytes + LogRoom.frame - 1) / LogRoom.frame
    }

    // MARK: Before a commit

    /// Sets aside what the transaction that is open makes necessary.
    /// - Parameter isCharge: it takes credits or gives new ones, and may be refused to leave room for what settles.
    /// - Throws: `.full` when there is no room for that.
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

    /// The transaction is in the log.
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

    /// Makes the ballast so large; if it can be, in whole steps, so that not every commit needs some more.
    func setAside(_ needed: Int64, step: Int64 = largeStep) throws(StorageError) -> Bool {
        guard ballast.bytes < needed else { return true }
        guard needed - ballast.bytes <= free else { return false }
        if try ballast.grow(to: (needed + step - 1) / step * step) { return true }
        return try ballast.grow(to: needed)
    }

    /// Where nobody can tell, the writes themselves will.
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

    /// The last checkpoint was partial: whoever stood in its way may have gone.
    var awaitsCheckpoint: Bool { database.walFrames >= Writer.checkpointFrames || watch.heldSince != nil }

    /// Something is to be looked at again in a second, though nobody asks for anything.
    var isWatchful: Bool { awaitsCheckpoint || awaitsTruncation || watch.isRaised }

    /// A try now would find the same reader: it is there for more than a moment, and the last try is not long ago.
    var wasHeldJustNow: Bool {
        guard let since = watch.heldSince, watch.isHeldByReader else { return false }
        let now = uptime()
        return now &- since >= 1000 && now &- lastCheckpoint < 1000 && database.walFrames < nextCheckpoint
    }

    /// Copies the log into the database when it has grown long. To be called between batches.
    func checkpointIfDue() throws(StorageError) {
        if awaitsTruncation {
            try giveBackLog()
            try balance()
        }
        guard awaitsCheckpoint else { return }
        if database.walFrames >= nextCheckpoint || uptime() &- lastCheckpoint >= 1000 { try checkpoint() }
    }

    /// Copies what can be copied, unless the disk could not take all of it: half a copy helps nobody.
    func checkpoint() throws(StorageError) {
        room.pages = try countPages()
        room.committedPages = room.pages
        if database.walFrames > 0 { room.frames = Int64(database.walFrames) }
        let result = try copy()
        lastCheckpoint = uptime()
        nextCheckpoint = database.walFrames.addingReportingOverflow(Writer.checkpointFrames).partialValue
        watch.note(result, at: lastCheckpoint)
        measure(isCounted: result != nil)
        if let result, result.logFrames == result.checkpointed { try giveBackLog() }
        try balance()
    }

    /// - Returns: nil: there was no room.
    private func copy() throws(StorageError) -> (logFrames: Int32, checkpointed: Int32)? {
        for attempt in 1...2 {
            // The second time for what a quota allows, and not what seems to be free.
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

    /// Looks at the database's file. Only checkpoints write to it.
    private func measure(isCounted: Bool) {
        if isCounted { room.frames = Int64(database.walFrames) }
        guard let file = try? POSIXFile.status(database.path) else { return }
        room.allocated = min(Int64(file.st_size), Int64(file.st_blocks) * 512)
        if room.frames == 0 { room.spared = Int64(file.st_size) - room.allocated }
    }

    /// A log file never shrinks by itself. It is cut off when it is long, or when that ends a full disk. Waits for nobody: a reader is in the way for a moment only.
    private func giveBackLog() throws(StorageError) {
        let bytes = logBytes
        awaitsTruncation = bytes > LogRoom.longLog || isBackWith(bytes)
        guard awaitsTruncation else { return }
        do {
            try database.checkpoint(.truncate, waits: false)
            awaitsTruncation = false
            measure(isCounted: true)
        } catch  where !error.isFatal {
            // Later.
        }
    }

    /// Empties the log.
    /// - Throws: `.busy` when a reader is in the way, `.full` when there is no room for the copy. It is whole then.
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

    // MARK: The alarm

    /// Tells how the log is, once a second at the most.
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
