internal import LifecycleCore

/// How many connections there are, of whom, and whether there may be one more. Pure.
struct Admission {
    let limits: Limits
    private var count = 0
    private var byUser: [UInt32: Int] = [:]

    init(limits: Limits) { self.limits = limits }

    /// Nil when there is room for one more of this caller.
    func refusal(of caller: Caller) -> RPCError? {
        guard count < limits.maximumConnections else {
            return .busy("There are \(limits.maximumConnections) connections already.")
        }
        guard byUser[caller.uid, default: 0] < limits.maximumConnectionsPerUser else {
            return .busy("uid \(caller.uid) has \(limits.maximumConnectionsPerUser) connections already.")
        }
        return nil
    }

    mutating func add(_ caller: Caller) {
        count += 1
        byUser[caller.uid, default: 0] += 1
    }

    /// - Returns: whether that was the user's last one.
    mutating func remove(_ caller: Caller) -> Bool {
        count -= 1
        let left = byUser[caller.uid, default: 1] - 1
        byUser[caller.uid] = left > 0 ? left : nil
        return left <= 0
    }
}
