/// The work that the writer has to do because the wall clock was set. A pure value.
struct ClockChanges {
    /// The daemon starts and has not compared the clock with what the ledger knows of it yet.
    var isStarting = false
    /// The clock went back, and the deadlines that were written before lie too far in the future.
    var isBack = false
    /// Whether the runtime of a project may end earlier than its terms say, because the clock was set back.
    var mayBeSetBack = false
    /// The milliseconds by which the clock went forwards and that no committed transaction has taken into account.
    private(set) var forward: Int64 = 0
    /// The part of `forward`, in milliseconds, that the open transaction takes into account.
    private var done: Int64 = 0

    /// The milliseconds that neither a committed nor the open transaction has taken into account.
    var undone: Int64 { forward &- done }

    /// Ignored if no project was set back: then a step forwards is only time that passes.
    mutating func goForward(by milliseconds: Int64) {
        guard mayBeSetBack, milliseconds > 0 else { return }
        let (sum, overflow) = forward.addingReportingOverflow(milliseconds)
        forward = overflow ? .max : sum
    }

    /// The open transaction takes all of `forward` into account.
    mutating func noteDone() { done = forward }

    mutating func commit() {
        forward &-= done
        done = 0
    }

    mutating func rollBack() { done = 0 }
}
