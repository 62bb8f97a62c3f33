/// Decides when to warn that the WAL cannot be copied or is too long, and when to end the warning. A pure value.
struct LogWatch {
    /// In milliseconds. How long a WAL may not be copied before the warning.
    static let patience: Int64 = 60_000
    /// The warning begins when the WAL is longer than the free space divided by this.
    static let share: Int64 = 4
    /// The warning ends when the WAL is no longer than the free space divided by this. It differs from `share`, so that
    /// the warning does not change with every commit.
    static let shareWhenOver: Int64 = 6

    /// Since when nothing could be copied although the WAL has frames, by the monotonic clock in milliseconds.
    private(set) var heldSince: Int64?
    /// True if a reader is the reason, and not a lack of room.
    private(set) var isHeldByReader = false
    private var copied: Int32 = 0
    private(set) var isRaised = false

    /// Notes the result of a checkpoint.
    /// - Parameter result: `nil` if it did not begin or did not finish because there was no room.
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
            // One reader follows another, and between them the copying advances.
            heldSince = now
            copied = result.checkpointed
        }
    }

    /// - Returns: the change to report; `nil` if there is none.
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

/// The state of the WAL as the writer sees it.
package struct LogReport: Sendable, Equatable {
    package enum Alarm: Sendable, Equatable {
        case raised(String)
        case cleared
    }

    /// The size of the WAL file in bytes.
    package var logBytes: Int64
    /// The free bytes on the disk of the database; `nil` if they are unknown.
    package var freeBytes: Int64?
    /// The milliseconds for which nothing of the WAL could be copied.
    package var heldFor: Int64
    /// Whether new charges are refused because there is no room.
    package var refusesCharges: Bool
    package var alarm: Alarm?
}
