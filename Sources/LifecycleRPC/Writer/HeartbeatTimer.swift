internal import LifecycleCore

/// When the heartbeats that wait in memory are written: at most once in `pause` seconds. Pure.
struct HeartbeatTimer {
    /// In seconds. How long a heartbeat waits for others before it is written.
    static let pause: Int64 = 1

    /// When they are written; nil: none wait.
    private(set) var time: Timestamp?

    /// - Parameter areWaiting: whether there is a heartbeat to be written.
    /// - Returns: whether they are to be written now.
    mutating func isTime(at now: Timestamp, areWaiting: Bool) -> Bool {
        guard areWaiting else {
            time = nil
            return false
        }
        let next = now.adding(seconds: Self.pause)
        guard let time else {
            self.time = next
            return false
        }
        // Later than the whole pause: the wall clock was set back.
        guard time <= now || time > next else { return false }
        self.time = next  // For those that cannot be written now.
        return true
    }
}
