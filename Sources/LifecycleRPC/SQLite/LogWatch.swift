/// Notices that the log is not given back, and that it is over.
struct LogWatch {
    /// In milliseconds, of a log that cannot be copied further.
    static let patience: Int64 = 60_000
    /// Of the free space, as the part of it that the log may have.
    static let share: Int64 = 4
    /// It is over when it has less than this: not at the same size, or it would be told with every commit.
    static let shareWhenOver: Int64 = 6

    /// Since when, by the monotonic clock, nothing could be copied though there is something.
    private(set) var heldSince: Int64?
    /// And that is because of a reader, not for want of room.
    private(set) var isHeldByReader = false
    private var copied: Int32 = 0
    private(set) var isRaised = false

    /// A checkpoint was tried.
    /// - Parameter result: nil: it was not begun, or did not end, as there was no room.
    mutating func note(_ result: (logFrames: Int32, checkpointed: Int32)?, at now: Int64) {
        isHeldByReader = result.map { $0.logFrames != $0.checkpointed } ?? false
        guard let result else {
            heldSince = heldSince ?? now
            return
        }
        if result.logFrames == result.checkpointed {
            heldSince = nil
            copied = 0
        } else if heldSince == nil || result.checkpointed > copied {
            // A reader comes after another, and each lets it get on.
            heldSince = now
            copied = result.checkpointed
        }
    }

    /// - Returns: what to tell now; nil: nothing is new.
    mutating func look(logBytes: Int64, freeBytes: Int64?, at now: Int64) -> LogReport.Alarm? {
        let isHeld = heldSince.map { now &- $0 >= Self.patience } ?? false
        let part = isRaised ? Self.shareWhenOver : Self.share
        let isLong = freeBytes.map { logBytes > $0 / part } ?? false
        guard (isHeld || isLong) != isRaised else { return nil }
        isRaised.toggle()
        guard isRaised else { return .cleared }
        return .raised(
            isHeld
                ? "it could not be copied into the database for a minute: a backup or another program reads an old state, or "
                    + "the disk has no room for the copy"
                : "it is larger than a quarter of what is free on its disk")
    }
}

/// How the log is, as the writer sees it.
package struct LogReport: Sendable, Equatable {
    package enum Alarm: Sendable, Equatable {
        case raised(String)
        case cleared
    }

    /// Bytes of the file.
    package var logBytes: Int64
    /// Bytes on the database's disk; nil when nobody can tell.
    package var freeBytes: Int64?
    /// Milliseconds for which nothing of it could be copied.
    package var heldFor: Int64
    /// New charges are refused for want of room.
    package var refusesCharges: Bool
    package var alarm: Alarm?
}
