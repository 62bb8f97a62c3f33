internal import LifecycleCore

/// Unfinished projects by their deadlines, the longest due first. A persistent treap: a copy costs nothing, and a change
/// makes O(log n) new nodes and leaves the copies as they were. Expected depth is logarithmic whatever the order of
/// changes, as priorities are scattered, so recursion stays shallow.
struct DeadlineIndex: Sendable {
    struct Key: Sendable, Comparable {
        let deadline: Timestamp
        let row: Int64

        static func < (a: Self, b: Self) -> Bool { (a.deadline, a.row) < (b.deadline, b.row) }
    }

    private final class Node: Sendable {
        let key: Key
        let priority: UInt64
        let left: Node?
        let right: Node?

        init(_ key: Key, _ priority: UInt64, _ left: Node? = nil, _ right: Node? = nil) {
            self.key = key
            self.priority = priority
            self.left = left
            self.right = right
        }

        func with(left: Node?) -> Node { Node(key, priority, left, right) }
        func with(right: Node?) -> Node { Node(key, priority, left, right) }
    }

    private var root: Node?

    mutating func insert(_ key: Key) {
        let (before, after) = Self.split(root, at: key)
        let node = Node(key, Self.scatter(key.row))
        root = Self.merge(Self.merge(before, node), after)
    }

    mutating func remove(_ key: Key) {
        root = Self.removing(key, from: root)
    }

    /// Those at `now` or before, in order.
    func due(at now: Timestamp, limit: Int) -> [Key] {
        var due: [Key] = []
        Self.collect(root, until: now, limit, into: &due)
        return due
    }

    private static func collect(_ node: Node?, until now: Timestamp, _ limit: Int, into due: inout [Key]) {
        guard let node, due.count < limit else { return }
        collect(node.left, until: now, limit, into: &due)
        guard node.key.deadline <= now, due.count < limit else { return }
        due.append(node.key)
        collect(node.right, until: now, limit, into: &due)
    }

    /// What is before `key`, and the rest.
    private static func split(_ node: Node?, at key: Key) -> (Node?, Node?) {
        guard let node else { return (nil, nil) }
        if node.key < key {
            let (before, after) = split(node.right, at: key)
            return (node.with(right: before), after)
        }
        let (before, after) = split(node.left, at: key)
        return (before, node.with(left: after))
    }

    /// All keys of `a` are before those of `b`.
    private static func merge(_ a: Node?, _ b: Node?) -> Node? {
        guard let a else { return b }
        guard let b else { return a }
        return a.priority > b.priority ? a.with(right: merge(a.right, b)) : b.with(left: merge(a, b.left))
    }

    private static func removing(_ key: Key, from node: Node?) -> Node? {
        guard let node else { return nil }
        if key < node.key { return node.with(left: removing(key, from: node.left)) }
        if node.key < key { return node.with(right: removing(key, from: node.right)) }
        return merge(node.left, node.right)
    }

    /// SplitMix64's mixing: rows that follow each other get priorities that look random.
    private static func scatter(_ row: Int64) -> UInt64 {
        var bits = UInt64(bitPattern: row) &+ 0x9E37_79B9_7F4A_7C15
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
