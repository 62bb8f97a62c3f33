/// How much disk space must be reserved so that the daemon can always recover from a disk that its WAL has filled. All
/// sizes are in bytes.
///
/// While a reader holds an old snapshot (a backup, or a transaction of another program), SQLite can neither copy the
/// whole WAL (the log) into the database nor start it again from the beginning. So every commit makes the WAL longer.
/// To end this, the WAL must be copied when the reader has ended, and for that the database file needs room:
///
///     growth  = the pages of the database, including those in the WAL, minus what its file already has on the disk;
///               at most one page for each frame in the WAL
///
/// A checkpoint that runs out of room has used all the space that was left and has freed nothing. So its room is set
/// aside in the reserve file *before* the commit that makes it necessary. These are the rules:
///
///     before every commit       reserve file >= growth + margin
///     before one that charges   reserve file >= growth + margin + refunds
///
/// The difference of the two lines is room for refunds. If it cannot be set aside, charges are refused, and the reserve
/// file is cut down to the first line. A refund that would break the first line is refused too; the rule for charges
/// makes this late. `refunds` grows 1.5 times as fast as the WAL: a create and a refund, each in its own commit, write
/// about the same number of pages (11 and 12 in an empty ledger), so that all charges since the start of the reader can
/// be refunded one by one. In normal work the WAL is copied at 16 MiB, and the 24 MiB that the reserve file always has
/// cover everything:
///
///     growth <= 16 MiB, margin 1.1 MiB, refunds 6 MiB
///
/// A commit then needs no more than one `PRAGMA page_count`.
struct LogRoom: Sendable, Equatable {
    static let mebi: Int64 = 1 << 20
    /// The size of a page with its header in the WAL.
    static let frame: Int64 = 4096 + 24
    /// The size at which the WAL is copied in normal work.
    static let normalLog = Int64(LogKeeper.checkpointFrames) * frame
    /// A longer WAL file is cut when all of it is copied. In normal work it never becomes that long.
    static let longLog = 32 * mebi
    static let leastForRefunds = 6 * mebi
    /// Enough for more than ten thousand refunds, each in its own commit.
    static let mostForRefunds = 1024 * mebi
    /// Room for the metadata of the file system and for the index of the WAL, which needs 8 bytes per frame.
    static let leastMargin = mebi
    static let marginShare: Int64 = 256

    var pageSize: Int64 = 4096
    /// The pages of the database, including those of the open transaction.
    var pages: Int64 = 0
    /// The same at the last commit.
    var committedPages: Int64 = 0
    /// What the database file occupies on the disk.
    var allocated: Int64 = 0
    /// What the file did not occupy when everything was copied, because the file system compresses it or a page was
    /// never used.
    var spared: Int64 = 0
    /// The frames in the WAL if some of them are not copied; 0 if all are.
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

    /// The size that the reserve file must have.
    func needed(forCharges: Bool) -> Int64 { growth + margin + (forCharges ? refunds : 0) }

    /// The size to which the reserve file may be cut for a checkpoint that begins now.
    /// - Parameter free: the free space outside the reserve file.
    /// - Returns: `nil` if the checkpoint could not finish, so that it must not begin.
    func ballastDuringCopy(ballast: Int64, free: Int64) -> Int64? {
        guard growth > free else { return ballast }
        guard growth - free <= ballast else { return nil }
        return max(0, ballast - (growth - free) - margin)
    }

    /// Whether a transaction that only captures or refunds may be committed although the reserve file is too small.
    /// - Parameter wasShort: the reserve file was too small even before the transaction, because other programs have
    ///   used the disk. Refusing the refund would not help then.
    func allowsRefund(ballast: Int64, free: Int64, wasShort: Bool) -> Bool {
        wasShort || growth == 0 || free >= growth - ballast + Self.index
    }

    // MARK: The index of the WAL

    /// The index of the WAL grows by this many bytes at a time. It cannot grow on a full disk, and SQLite notices this
    /// only after the commit is in the WAL.
    private static let index: Int64 = 65_536
    private static let segment: Int64 = 32_768
    private static let framesPerSegment: Int64 = 4096
    private static let longTransaction: Int64 = 2048

    /// The frames for which an index file of this size has room. Its first segment has a header.
    static func indexedFrames(fileSize: Int64) -> Int64 { max(0, fileSize / segment * framesPerSegment - 34) }

    func mayOutgrowIndex(of capacity: Int64) -> Bool { frames + Self.longTransaction > capacity }
    func allowsIndexToGrow(free: Int64) -> Bool { free >= 2 * Self.index }
}
