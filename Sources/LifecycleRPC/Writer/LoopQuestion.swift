/// The question to the event loop whether it runs. It must answer before the writer expires a project, because a report
/// that arrived in time may still wait there. Used on the writer's thread only.
struct LoopQuestion {
    private enum State {
        case none, asked, answered
    }

    private var state = State.none

    /// The event loop was asked and has not answered yet.
    var isOpen: Bool { state == .asked }

    /// - Parameter ask: called to ask the event loop.
    /// - Returns: whether a project is due and the event loop has answered since it became due.
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
