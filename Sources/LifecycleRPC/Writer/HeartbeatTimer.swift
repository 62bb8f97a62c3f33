internal import LifecycleCore

/// Decides when waiting heartbeats are written from memory to disk: at most once per `pause`. A pure value.
struct HeartbeatTimer {
    /// In seconds. How long a heartbeat waits for others before all are written.
    static let pause: Int64 = 1

    /// When the waiting heartbeats are written; `nil` if there are none.
    private(set) var time: Timestamp?

    /// - Parameter areWaiting: whether any heartbeat waits.
    /// - Returns: whether to write the heartbeats now.
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
        // If the time is further away than `pause`, the wall clock was set back.
        guard time <= now || time > next else { return false }
        self.time = next  // For those that cannot be written now.
        return true
    }
}
