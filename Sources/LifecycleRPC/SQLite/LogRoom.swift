/// How much of the disk must be kept so that a disk which is full of our own log is always left again. Bytes everywhere.
///
/// While a reader holds an old snapshot (a backup, or another program's transaction) SQLite can neither copy the whole log
/// (the WAL) into the database nor begin it anew, so that every commit makes it longer. To end that, the log must be
/// copied once the reader has gone, and for that the database's file needs room:
///
///     growth  = the database's pages, those in the log included, less what its file has on the disk already;
///               at most a page for each frame in the log
///
/// A checkpoint that runs out of room in its middle has taken all that was left and given nothing back. So the room for it
/// is set aside, in the ballast's file, *before* the commit that makes it necessary. These are the rules:
///
///     before every commit       ballast >= growth + margin
///     before one that charges   ballast >= growth + margin + refunds
///
/// What is between the two is what refunds live on: when it cannot be set aside, charges are refused, and the ballast is cut
/// down to the first line. A refund that would break the first line is refused too, which the rule for charges makes late.
/// `refunds` grows with the log, and half as fast again: a create and a refund, each in a commit of its own, write about as
/// many pages (11 and 12 of an empty ledger), so that what was charged since the reader came can be given back one by one.
/// In normal work the log is copied at 16 MiB, and all is covered by the 24 MiB that the ballast always has:
///
///     growth <= 16 MiB, margin 1.1 MiB, refunds 6 MiB
///
/// No commit then asks for more than one `PRAGMA page_count`.
struct LogRoom: Sendable, Equatable {
    static let mebi: Int64 = 1 << 20
    /// A page and its header.
    static let frame: Int64 = 4096 + 24
    /// What the log has when it is copied in normal work.
    static let normalLog = Int64(Writer.checkpointFrames) * frame
    /// A log that is longer is cut off once all of it is copied. Normal work never comes near it.
    static let longLog = 32 * mebi
    static let leastForRefunds = 6 * mebi
    /// More than ten thousand refunds, each in a commit of its own.
    static let mostForRefunds = 1024 * mebi
    /// For what the file system itself writes down, and for the log's index, which has 8 bytes a frame.
    static let leastMargin = mebi
    static let marginShare: Int64 = 256

    var pageSize: Int64 = 4096
    /// The database's, those of the transaction that is open included.
    var pages: Int64 = 0
    /// The same when the last transaction was committed.
    var committedPages: Int64 = 0
    /// What the database's file has on the disk.
    var allocated: Int64 = 0
    /// What it did not need there when everything was copied: the file system compresses it, or a page was never used.
    var spared: Int64 = 0
    /// Frames in the log of which some are not copied; 0 when all are.
    var frames: Int64 = 0

    var logBytes: Int64 { frames * Self.frame }

    var growth: Int64 {
        let missing = max(0, pages * pageSize - allocated - spared)
        return min(missing, (frames + max(0, pages - committedPages)) * pageSize)
    }

    var margin: Int64 { Self.leastMargin + logBytes / Self.marginShare }

    var refunds: Int64 {
        Self.leastForRefunds + min(max(0, logBytes - Self.normalLog) / 2 * 3, Self.mostForRefunds)
    }

    /// What the ballast must have.
    func needed(forCharges: Bool) -> Int64 { growth + margin + (forCharges ? refunds : 0) }

    /// What it may be cut down to for a checkpoint that begins now, with so much free beside it.
    /// - Returns: nil: the checkpoint could not end, and must not begin.
    func ballastDuringCopy(ballast: Int64, free: Int64) -> Int64? {
        guard growth > free else { return ballast }
        guard growth - free <= ballast else { return nil }
        return max(0, ballast - (growth - free) - margin)
    }

    /// Whether something that gives credits back may be committed though the ballast is smaller than it should be.
    /// - Parameter wasShort: it was before already, by the doing of others: what is kept back now would help nobody.
    func allowsRefund(ballast: Int64, free: Int64, wasShort: Bool) -> Bool {
        wasShort || growth == 0 || free >= growth - ballast + Self.index
    }

    // MARK: The log's index

    /// The index grows by so much, for so many frames. It cannot grow on a full disk, and SQLite notices only after the
    /// commit is in the log.
    private static let index: Int64 = 65_536
    private static let segment: Int64 = 32_768
    private static let framesPerSegment: Int64 = 4096
    private static let longTransaction: Int64 = 2048

    /// Frames for which an index file of this size has room. The first segment has a header.
    static func indexedFrames(fileSize: Int64) -> Int64 { max(0, fileSize / segment * framesPerSegment - 34) }

    func mayOutgrowIndex(of capacity: Int64) -> Bool { frames + Self.longTransaction > capacity }
    func allowsIndexToGrow(free: Int64) -> Bool { free >= 2 * Self.index }
}
