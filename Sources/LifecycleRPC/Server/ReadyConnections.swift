internal import DequeModule
internal import LifecycleCore

/// The connections with work, in a fair order (`FairQueue`).
///
/// All connections of a user whose peers have gone are served in order and share the part of one connection. Otherwise
/// a client that connects, sends and leaves again and again would get a part for each connection.
/// Not `Sendable`: only the hub uses it.
struct ReadyConnections {
    fileprivate enum Member: Hashable {
        case connection(ConnectionHandler)
        /// All connections of the user whose peers have gone.
        case ended
    }

    /// A connection to serve, and the member of the queue that its time is charged to.
    struct Place {
        let connection: ConnectionHandler
        /// `nil` if it was the only connection with work. Its time is then not charged.
        fileprivate let member: Member?
    }

    /// Set if only one connection waits, which is the usual case and needs no queue.
    private var only: ConnectionHandler?

    private var queue = FairQueue<UInt32, Member>(credit: 2_000_000, debt: 50_000_000)
    private var ended: [UInt32: Deque<ConnectionHandler>] = [:]

    var isEmpty: Bool { only == nil && queue.isEmpty }

    /// Adds a connection that is not waiting yet.
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

    /// Takes the next connection.
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

    /// Charges the time that serving the connection took.
    mutating func charge(_ place: Place, _ nanoseconds: Int64) {
        if let member = place.member { queue.charge(member, of: place.connection.caller.uid, nanoseconds) }
    }

    /// The peer has gone: the connection now shares the part of the user's ended connections.
    mutating func ended(_ connection: ConnectionHandler) {
        let wasOnly = only === connection
        if wasOnly { only = nil }
        if queue.forget(.connection(connection), of: connection.caller.uid) || wasOnly { addEnded(connection) }
    }

    /// Removes a connection that has ended and has no work left.
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
