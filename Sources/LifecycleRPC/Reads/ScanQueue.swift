internal import LifecycleCore

/// The waiting scans, and which one is next. Users take turns, and so do the connections of one user, by the time that
/// their scans took. At most two scans of one user run at once, and at most two that visit the whole ledger. So with
/// three threads no user waits for all scans of another user, nor for an audit and a backup. A pure value.
struct ScanQueue<Job: Sendable>: Sendable {
    /// Who asked for the scan. The daemon's own scans have no user.
    struct Owner: Hashable, Sendable {
        var uid: UInt32?
        var source: ObjectIdentifier?
    }

    struct Entry: Sendable {
        let owner: Owner
        /// Whether it visits the whole ledger.
        let isWhole: Bool
        let job: Job
    }

    private static var most: Int { 2 }

    private var order = FairQueue<UInt32?, Owner>(credit: 20_000_000, debt: 1_000_000_000)
    private var waiting: [Owner: [Entry]] = [:]
    private var running: [UInt32?: Int] = [:]
    private var runningWhole = 0

    var isEmpty: Bool { order.isEmpty }

    mutating func add(_ entry: Entry) {
        waiting[entry.owner, default: []].append(entry)
        if waiting[entry.owner]?.count == 1 { order.add(entry.owner, of: entry.owner.uid) }
    }

    /// Whether a waiting scan may start now.
    var hasNext: Bool { order.first(where: mayStart) != nil }

    /// Removes and returns the scan that starts now.
    mutating func next() -> Entry? {
        guard let (uid, owner) = order.next(where: mayStart), var entries = waiting[owner], !entries.isEmpty else {
            return nil
        }
        let entry = entries.removeFirst()
        waiting[owner] = entries.isEmpty ? nil : entries
        if !entries.isEmpty { order.add(owner, of: uid) }
        if entry.isWhole { runningWhole += 1 } else { running[uid, default: 0] += 1 }
        return entry
    }

    /// Notes that a scan has ended. `time` is in nanoseconds.
    mutating func ended(_ entry: Entry, took time: Int64) {
        let uid = entry.owner.uid
        order.charge(entry.owner, of: uid, time)
        if entry.isWhole {
            runningWhole -= 1
        } else {
            let left = running[uid, default: 1] - 1
            running[uid] = left > 0 ? left : nil
        }
    }

    /// The owner has gone.
    /// - Returns: its waiting scans.
    mutating func cancel(_ owner: Owner) -> [Entry] {
        order.forget(owner, of: owner.uid)
        return waiting.removeValue(forKey: owner) ?? []
    }

    /// Removes and returns all waiting scans.
    mutating func removeAll() -> [Entry] {
        let all = waiting.values.flatMap(\.self)
        for owner in waiting.keys { order.forget(owner, of: owner.uid) }
        waiting = [:]
        return all
    }

    private func mayStart(_ uid: UInt32?, _ owner: Owner) -> Bool {
        if waiting[owner]?.first?.isWhole ?? false { return runningWhole < Self.most }
        return running[uid, default: 0] < Self.most
    }
}
