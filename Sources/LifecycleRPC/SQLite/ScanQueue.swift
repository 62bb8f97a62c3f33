internal import LifecycleCore

/// Scans that wait for a thread, and which one is next: the users' in turn, then their connections', by the time that
/// their scans took. At most two of a user run at once, and at most two of those that take minutes, so that with three
/// threads nobody waits for all of one user's, nor for an audit and a backup. Pure.
struct ScanQueue<Job: Sendable>: Sendable {
    /// Whose it is. The daemon's own have no user.
    struct Owner: Hashable, Sendable {
        var uid: UInt32?
        var source: ObjectIdentifier?
    }

    struct Entry: Sendable {
        let owner: Owner
        /// Goes through the whole ledger.
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

    /// Whether one may start now.
    var hasNext: Bool { order.first(where: mayStart) != nil }

    /// Takes out the one that starts now.
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

    /// It took so many nanoseconds.
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
    /// - Returns: what of it waited.
    mutating func cancel(_ owner: Owner) -> [Entry] {
        order.forget(owner, of: owner.uid)
        return waiting.removeValue(forKey: owner) ?? []
    }

    /// Takes out all that wait.
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
