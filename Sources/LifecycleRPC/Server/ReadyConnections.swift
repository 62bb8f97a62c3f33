internal import DequeModule
internal import LifecycleCore

/// Connections that have something to do, and whose turn it is (`FairQueue`).
///
/// What a user's connections have left behind whose peers are gone is worked off in order, in the share of one
/// connection: a client that connects, sends and leaves over and over would else have a share for each time.
/// Not `Sendable`: the hub's own.
struct ReadyConnections {
    fileprivate enum Member: Hashable {
        case connection(ConnectionHandler)
        /// All of the user's whose peers are gone.
        case ended
    }

    /// A turn, and to whom its time is charged.
    struct Place {
        let connection: ConnectionHandler
        /// nil: it was the only one.
        fileprivate let member: Member?
    }

    /// The only one that waits, as mostly: nothing has to be weighed, and its time is at nobody's expense.
    private var only: ConnectionHandler?

    private var queue = FairQueue<UInt32, Member>(credit: 2_000_000, debt: 50_000_000)
    private var ended: [UInt32: Deque<ConnectionHandler>] = [:]

    var isEmpty: Bool { only == nil && queue.isEmpty }

    /// The connection waits for a turn. Once, until it has it.
    mutating func add(_ connection: ConnectionHandler) {
        if isEmpty, connection.context != nil {
            only = connection
            return
        }
        if let first = only {
            only = nil
            enqueue(first)
        }
        enqueue(connection)
    }

    private mutating func enqueue(_ connection: ConnectionHandler) {
        if connection.context == nil { return addEnded(connection) }
        queue.add(.connection(connection), of: connection.caller.uid, expecting: connection.expectedCost)
    }

    private mutating func addEnded(_ connection: ConnectionHandler) {
        let uid = connection.caller.uid
        ended[uid, default: []].append(connection)
        if ended[uid]?.count == 1 { queue.add(.ended, of: uid) }
    }

    /// Takes out whose turn it is.
    mutating func next() -> Place? {
        if let connection = only {
            only = nil
            return Place(connection: connection, member: nil)
        }
        guard let (uid, member) = queue.next() else { return nil }
        switch member {
        case .connection(let connection): return Place(connection: connection, member: member)
        case .ended:
            guard let connection = ended[uid]?.popFirst() else { return nil }
            if ended[uid]?.isEmpty ?? true { ended[uid] = nil } else { queue.add(.ended, of: uid) }
            return Place(connection: connection, member: member)
        }
    }

    /// The turn took so many nanoseconds.
    mutating func charge(_ place: Place, _ cost: Int64) {
        if let member = place.member { queue.charge(member, of: place.connection.caller.uid, cost) }
    }

    /// The peer is gone: the connection has no place of its own any more.
    mutating func ended(_ connection: ConnectionHandler) {
        let wasOnly = only === connection
        if wasOnly { only = nil }
        if queue.forget(.connection(connection), of: connection.caller.uid) || wasOnly { addEnded(connection) }
    }

    /// The connection has nothing to do any more, and never will.
    mutating func forget(_ connection: ConnectionHandler, isLastOfUser: Bool) {
        let uid = connection.caller.uid
        ended[uid]?.removeAll { $0 === connection }
        if ended[uid]?.isEmpty ?? false {
            ended[uid] = nil
            queue.forget(.ended, of: uid)
        }
        if isLastOfUser { queue.forget(.ended, of: uid) }
    }
}
