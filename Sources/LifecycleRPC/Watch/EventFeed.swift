internal import DequeModule
internal import LifecycleCore
internal import NIOCore

/// Brings what was committed to the connections that watch. Each has a position, and what it gets is read after that
/// position, so that nothing can be missing: from the ring near the end, else page by page from the database, on the
/// scanners' threads. Not `Sendable`: the hub's event loop's own.
final class EventFeed {
    private let eventLoop: any EventLoop
    private let reader: Reader
    private let scans: ReaderPool
    private let wake: (ConnectionHandler) -> Void

    private var watching: [ObjectIdentifier: ConnectionHandler] = [:]
    private var ring = EventRing()
    /// The newest event that is known to be committed.
    private var committed: Int64 = 0
    /// Who has something to get, in the order of their turns.
    private var due = Deque<ConnectionHandler>()
    private var isRoundScheduled = false
    private var nextRound = NIODeadline.uptimeNanoseconds(0)
    /// One page at a time is read: lists wait behind one at most, however many watchers have far to go.
    private var wantPage = Deque<(connection: ConnectionHandler, watcher: Watcher)>()
    /// Or rests after one, for as long as that took: half of a core at most, which who writes may need.
    private var isReadingPage = false

    /// New events that are read at once where all connections are served; beyond it everybody reads pages.
    private static let mostAtOnce: Int64 = 1024
    /// Nobody else is served meanwhile, so that a round is short: with more to send it goes on in the next.
    private static let longestRound = TimeAmount.milliseconds(2)
    /// Rest after a round, in times of its length. So watchers take a fifth of the loop at most, how many there ever are
    /// and whatever is written, and leave the rest to who writes; what is committed meanwhile comes to them together.
    private static let rest: Int64 = 4

    /// - Parameter wake: has a connection work in the next turn.
    init(eventLoop: any EventLoop, reader: Reader, scans: ReaderPool, wake: @escaping (ConnectionHandler) -> Void) {
        self.eventLoop = eventLoop
        self.reader = reader
        self.scans = scans
        self.wake = wake
    }

    var watchers: Int { watching.count }

    /// This connection watches from now on. To be called in the snapshot in which its position was found to be one.
    func add(_ connection: ConnectionHandler) {
        if watching.isEmpty {
            committed = max(committed, (try? newestSeq()) ?? 0)
            ring.restart(at: committed)
        }
        watching[ObjectIdentifier(connection)] = connection
    }

    func remove(_ connection: ConnectionHandler) {
        guard watching.removeValue(forKey: ObjectIdentifier(connection)) != nil, watching.isEmpty else { return }
        ring.restart(at: committed)
    }

    /// Has them see whether they are done: others have ended.
    func wakeAll() {
        for connection in watching.values { wake(connection) }
    }

    private func newestSeq() throws(RPCError) -> Int64 {
        try reader.read { store throws(RPCError) in try store.newestSeq() }
    }

    // MARK: Rounds

    /// Events up to this one are committed.
    func committed(_ newest: Int64) {
        committed = max(committed, newest)
        if !watching.isEmpty { scheduleRound() }
    }

    /// The connection is served in a round to come. Once, however often it says so.
    func want(_ connection: ConnectionHandler, _ watcher: Watcher) {
        guard !watcher.isDue else { return }
        watcher.isDue = true
        due.append(connection)
        scheduleRound()
    }

    private func scheduleRound() {
        guard !isRoundScheduled else { return }
        isRoundScheduled = true
        eventLoop.assumeIsolated().scheduleTask(deadline: nextRound) { self.serve() }
    }

    private func serve() {
        let start = NIODeadline.now()
        var now = start
        if committed > ring.end {
            refill()
            reader.endSnapshot()
            for connection in watching.values { connection.wantEvents() }
        }
        while now - start < Self.longestRound, let connection = due.popFirst() {
            connection.watcher?.isDue = false
            connection.sendEvents()
            now = .now()
        }
        nextRound = now + (now - start) * Self.rest
        isRoundScheduled = false
        if !due.isEmpty { scheduleRound() }
    }

    private func refill() {
        guard committed - ring.end <= Self.mostAtOnce else { return ring.restart(at: committed) }
        do throws(RPCError) {
            let after = ring.end
            let limit = Int(Self.mostAtOnce)
            let events = try reader.read { store throws(RPCError) in
                try store.events(EventFilter(), after: after, limit: limit)
            }
            ring.append(events, upTo: committed)
        } catch {
            ring.restart(at: committed)  // The pages' error then ends who watches.
        }
    }

    // MARK: For one connection

    /// Writes what is new to a watcher, `bytes` or little more at most.
    func write(
        to replies: inout ReplyWriter, of connection: ConnectionHandler, _ watcher: Watcher, atMost bytes: Int
    ) {
        if let page = watcher.page {
            watcher.page = nil
            watcher.position = page.end
            if let last = page.last {
                replies.write(line: page.text)
                watcher.lastWritten = last
            }
            return
        }
        guard watcher.position >= ring.start else { return requestPage(for: connection, watcher) }
        let last = ring.read(watcher.filter, after: &watcher.position, atMost: bytes) { replies.write(line: $0) }
        watcher.lastWritten = last ?? watcher.lastWritten
    }

    /// Whether it has been given all that is committed.
    func hasAll(_ watcher: Watcher) -> Bool {
        watcher.page == nil && !watcher.awaitsPage && watcher.position >= max(ring.end, committed)
    }

    // MARK: Far behind

    private func requestPage(for connection: ConnectionHandler, _ watcher: Watcher) {
        guard !watcher.awaitsPage else { return }
        watcher.awaitsPage = true
        wantPage.append((connection, watcher))
        readPages()
    }

    private func readPages() {
        while !isReadingPage, let (connection, watcher) = wantPage.popFirst() {
            guard connection.watcher === watcher else { continue }
            isReadingPage = true
            let start = NIODeadline.now()
            let asking = NIOLoopBound((self, connection, watcher), eventLoop: eventLoop)
            scans.readPage(watcher.filter, after: watcher.position) { result in
                let (feed, connection, watcher) = asking.value
                watcher.awaitsPage = false
                switch result {
                case .success(let page): watcher.page = page
                // Storage has told the log. Who reconnects goes on where it was.
                case .failure: if connection.watcher === watcher { connection.close() }
                }
                connection.wantEvents()
                feed.eventLoop.assumeIsolated().scheduleTask(in: .now() - start) {
                    feed.isReadingPage = false
                    feed.readPages()
                }
            }
        }
    }
}
