/// A queue for the time of one thread. The next member is the one that has used the least time: first among groups
/// (Unix users), then among the members of the group (their connections). So a hundred connections of one user together
/// get no more time than one connection of another user, and large requests wait for small ones. A pure value.
///
/// All times are nanoseconds of the thread.
struct FairQueue<Group: Hashable, Member: Hashable> {
    private let credit: Int64
    private let debt: Int64
    private var groups: FairLine<Group>
    private var members: [Group: FairLine<Member>] = [:]
    /// The number of members that wait.
    private(set) var count = 0

    /// - Parameters:
    ///   - credit: how much time a member that comes back after a pause may use before the others are served again.
    ///   - debt: how far the used time of a member can be ahead of the others.
    init(credit: Int64, debt: Int64) {
        self.credit = credit
        self.debt = debt
        groups = FairLine(credit: credit, debt: debt)
    }

    var isEmpty: Bool { count == 0 }

    /// Adds a member that is not waiting yet.
    /// - Parameter cost: the minimum time of its next step. Among equal members the one with the shorter step is first.
    mutating func add(_ member: Member, of group: Group, expecting cost: Int64 = 0) {
        members[group, default: FairLine(credit: credit, debt: debt)].add(member, expecting: cost)
        if !groups.contains(group) { groups.add(group) }
        count += 1
    }

    /// Takes the next of the allowed members.
    mutating func next(where isAllowed: (Group, Member) -> Bool = { _, _ in true }) -> (group: Group, member: Member)? {
        guard let (group, member) = first(where: isAllowed) else { return nil }
        takeOut(member, of: group)
        return (group, member)
    }

    /// The next of the allowed members.
    func first(where isAllowed: (Group, Member) -> Bool) -> (group: Group, member: Member)? {
        func first(of group: Group) -> Member? { members[group]?.first { isAllowed(group, $0) } }
        guard let group = groups.first(where: { first(of: $0) != nil }), let member = first(of: group) else {
            return nil
        }
        return (group, member)
    }

    /// Adds the time that the member has used.
    mutating func charge(_ member: Member, of group: Group, _ nanoseconds: Int64) {
        guard members[group]?.charge(member, nanoseconds) == true else { return }
        groups.charge(group, nanoseconds)
    }

    /// Removes a member for good.
    /// - Returns: whether it was waiting.
    @discardableResult
    mutating func forget(_ member: Member, of group: Group) -> Bool {
        let hasWaited = members[group]?.contains(member) ?? false
        if hasWaited { takeOut(member, of: group) }
        members[group]?.forget(member)
        if members[group]?.hasNoKeys ?? false {
            members[group] = nil
            groups.forget(group)
        }
        return hasWaited
    }

    private mutating func takeOut(_ member: Member, of group: Group) {
        members[group]?.takeOut(member)
        if members[group]?.isEmpty ?? true { groups.takeOut(group) }
        count -= 1
    }
}

/// One level of a `FairQueue`. Its virtual clock advances by the used time divided by the number of keys. Each key has
/// the time that it has used. That time is kept near the clock, so that a key which paused is not served long before
/// the others, and a key which used much time does not wait long.
struct FairLine<Key: Hashable> {
    fileprivate struct Place {
        let key: Key
        /// The smallest rank is first. If two are equal, the smaller number.
        var rank: Int64
        let number: Int
    }

    private let credit: Int64
    private let debt: Int64
    private var waiting: [Place] = []
    private var taken: [Key: Int64] = [:]
    private var clock: Int64 = 0
    private var lastNumber = 0

    init(credit: Int64, debt: Int64) {
        self.credit = credit
        self.debt = debt
    }

    var isEmpty: Bool { waiting.isEmpty }
    var hasNoKeys: Bool { taken.isEmpty }

    func contains(_ key: Key) -> Bool { waiting.contains { $0.key == key } }

    mutating func add(_ key: Key, expecting cost: Int64 = 0) {
        let before = max(taken[key] ?? .min, clock &- credit)
        taken[key] = before
        lastNumber &+= 1
        waiting.append(Place(key: key, rank: before &+ min(cost, debt), number: lastNumber))
    }

    /// The first of the allowed keys. A linear search is enough: there are at most about a thousand keys, usually one.
    func first(where isAllowed: (Key) -> Bool) -> Key? {
        if waiting.count == 1 { return isAllowed(waiting[0].key) ? waiting[0].key : nil }
        var best: Place?
        for place in waiting {
            if let best, (best.rank, best.number) < (place.rank, place.number) { continue }
            if isAllowed(place.key) { best = place }
        }
        return best?.key
    }

    mutating func takeOut(_ key: Key) {
        guard let index = waiting.firstIndex(where: { $0.key == key }) else { return }
        waiting.swapAt(index, waiting.count - 1)
        waiting.removeLast()
    }

    /// - Returns: whether the key exists.
    @discardableResult
    mutating func charge(_ key: Key, _ cost: Int64) -> Bool {
        guard let before = taken[key] else { return false }
        let cost = max(0, cost)
        let index = waiting.firstIndex { $0.key == key }
        clock &+= cost / Int64(waiting.count + (index == nil ? 1 : 0))
        let after = min(before &+ cost, clock &+ debt)
        taken[key] = after
        if let index { waiting[index].rank &+= after &- before }
        return true
    }

    mutating func forget(_ key: Key) {
        takeOut(key)
        taken[key] = nil
    }
}

extension FairQueue: Sendable where Group: Sendable, Member: Sendable {}
extension FairLine: Sendable where Key: Sendable {}
extension FairLine.Place: Sendable where Key: Sendable {}
