/// What follows from a wall clock that was set, and is not done yet. Pure.
struct ClockChanges {
    /// The daemon starts, and nobody has looked at the clock yet.
    var isStarting = false
    /// The clock went back, and since then deadlines lie too far in the future.
    var isBack = false
    /// Whether the runtime of any project may end earlier than its terms say, as the clock was set back.
    var mayBeSetBack = false
    /// By how many milliseconds the clock went forwards.
    private(set) var forward: Int64 = 0
    /// How many of them are taken into account in the transaction that is open.
    private var done: Int64 = 0

    /// In milliseconds.
    var undone: Int64 { forward &- done }

    /// Where no project was set back, a step forwards is only time that passes.
    mutating func goForward(by milliseconds: Int64) {
        guard mayBeSetBack, milliseconds > 0 else { return }
        let (sum, overflow) = forward.addingReportingOverflow(milliseconds)
        forward = overflow ? .max : sum
    }

    /// All that was undone is taken into account in the transaction that is open.
    mutating func noteDone() { done = forward }

    mutating func commit() {
        forward &-= done
        done = 0
    }

    mutating func rollBack() { done = 0 }
}
