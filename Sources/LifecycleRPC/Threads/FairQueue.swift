/// Who is next, where many want a share of one thread and take different times for it: who has taken the least, first
/// among groups (Unix users), then among the members of the group (their connections). So a hundred connections of one
/// user take no more than the one of another, and who asks for much waits for those who ask for little. Pure.
///
/// Times are nanoseconds of the thread that is shared.
struct FairQueue<Group: Hashable, Member: Hashable> {
    private let credit: Int64
    private let debt: Int64
    private var groups: FairLine<Group>
    private var members: [Group: FairLine<Member>] = [:]
    /// Members that wait.
    private(set) var count = 0

    /// - Parameters:
    ///   - credit: what who comes back after a rest may take before the others are served again.
    ///   - debt: the most that is remembered of what somebody took at once.
    init(credit: Int64, debt: Int64) {
        self.credit = credit
        self.debt = debt
        groups = FairLine(credit: credit, debt: debt)
    }

    var isEmpty: Bool { count == 0 }

    /// The member waits. Once, until it is taken out.
    /// - Parameter cost: what its next step takes at least: of equals who takes less comes first.
    mutating func add(_ member: Member, of group: Group, expecting cost: Int64 = 0) {
        members[group, default: FairLine(credit: credit, debt: debt)].add(member, expecting: cost)
        if !groups.contains(group) { groups.add(group) }
        count += 1
    }

    /// Takes out whose turn it is, of those that may have one now.
    mutating func next(where isAllowed: (Group, Member) -> Bool = { _, _ in true }) -> (group: Group, member: Member)? {
        guard let (group, member) = first(where: isAllowed) else { return nil }
        takeOut(member, of: group)
        return (group, member)
    }

    /// Whose turn it is.
    func first(where isAllowed: (Group, Member) -> Bool) -> (group: Group, member: Member)? {
        func first(of group: Group) -> Member? { members[group]?.first { isAllowed(group, $0) } }
        guard let group = groups.first(where: { first(of: $0) != nil }), let member = first(of: group) else {
            return nil
        }
        return (group, member)
    }

    /// The member has taken so much.
    mutating func charge(_ member: Member, of group: Group, _ cost: Int64) {
        guard members[group]?.charge(member, cost) == true else { return }
        groups.charge(group, cost)
    }

    /// The member has gone. Whether it waited.
    @discardableResult
    mutating func forget(_ member: Member, of group: Group) -> Bool {
        let hasWaited = members[group]?.contains(member) ?? false
        if hasWaited { takeOut(member, of: group) }
        members[group]?.forget(member)
        if members[group]?.knowsNobody ?? false {
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

/// One level of a `FairQueue`: a clock that goes on by what was taken, divided by how many there are, and for each what
/// it has taken, on that clock. Who rested is not let far before the others, nor who took much put far behind.
struct FairLine<Key: Hashable> {
    fileprivate struct Place {
        let key: Key
        /// The least is first, then the lower number.
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
    var knowsNobody: Bool { taken.isEmpty }

    func contains(_ key: Key) -> Bool { waiting.contains { $0.key == key } }

    mutating func add(_ key: Key, expecting cost: Int64 = 0) {
        let before = max(taken[key] ?? .min, clock &- credit)
        taken[key] = before
        lastNumber &+= 1
        waiting.append(Place(key: key, rank: before &+ min(cost, debt), number: lastNumber))
    }

    /// The first that may come now. One look at each: there are a thousand at most, and mostly one.
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

    /// - Returns: whether it is known.
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
