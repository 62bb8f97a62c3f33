/// Before the daemon's clocks end anything, the event loop has to be heard once: a report that came in time may wait
/// there. The writer thread's own.
struct LoopQuestion {
    private enum State {
        case none, asked, answered
    }

    private var state = State.none

    /// It was asked and has not answered.
    var isOpen: Bool { state == .asked }

    /// - Parameter ask: called when it is to be asked.
    /// - Returns: whether something is due, and it has answered since.
    mutating func isAnswered(_ isSomethingDue: Bool, ask: () -> Void) -> Bool {
        switch (state, isSomethingDue) {
        case (.asked, _): return false
        case (_, false): state = .none
        case (.answered, true): return true
        case (.none, true):
            state = .asked
            ask()
        }
        return false
    }

    mutating func answered() { state = .answered }
}
