internal import LifecycleCore

/// Counts the connections of each user and decides whether one more is accepted. A pure value.
struct Admission {
    let limits: Limits
    private var count = 0
    private var byUser: [UInt32: Int] = [:]

    init(limits: Limits) { self.limits = limits }

    /// `nil` if one more connection of this caller is accepted.
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

    /// - Returns: whether it was the user's last connection.
    mutating func remove(_ caller: Caller) -> Bool {
        count -= 1
        let left = byUser[caller.uid, default: 1] - 1
        byUser[caller.uid] = left > 0 ? left : nil
        return left <= 0
    }
}
