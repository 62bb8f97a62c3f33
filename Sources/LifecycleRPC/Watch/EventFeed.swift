internal import DequeModule
internal import LifecycleCore
internal import NIOCore

/// Sends committed events to the connections that watch. Each watcher has a position and gets the events after it, so
/// no event can be missing. New events come from the ring, older ones in pages from the database, which the scan
/// threads read. Not `Sendable`: only the hub's event loop uses it.
final class EventFeed {
    private let eventLoop: any EventLoop
    private let reader: Reader
    private let scans: ReaderPool
    private let wake: (ConnectionHandler) -> Void

    private var watching: [ObjectIdentifier: ConnectionHandler] = [:]
    private var ring = EventRing()
    /// The number of the newest committed event.
    private var committed: Int64 = 0
    /// The connections with events to send, in the order in which they are served.
    private var due = Deque<ConnectionHandler>()
    private var isRoundScheduled = false
    private var nextRound = NIODeadline.uptimeNanoseconds(0)
    /// Watchers that need a page. Only one page is read at a time, so that a list waits behind at most one page.
    private var wantPage = Deque<(connection: ConnectionHandler, watcher: Watcher)>()
    /// True also during the pause after each page. The pause is as long as reading the page took, so that pages use at
    /// most half a core.
    private var isReadingPage = false

    /// The maximum number of new events that are read into the ring at once, on the event loop. If there are more, all
    /// watchers read pages.
    private static let maximumAtOnce: Int64 = 1024
    /// A round is short, because requests are not served during it. The rest is sent in the next round.
    private static let longestRound = TimeAmount.milliseconds(2)
    /// The pause after a round, as a multiple of the round. So watchers use at most a fifth of the event loop, whatever
    /// their number. Events that are committed during the pause are sent together.
    private static let pauseFactor: Int64 = 4

    /// - Parameter wake: schedules a connection for a turn.
    init(eventLoop: any EventLoop, reader: Reader, scans: ReaderPool, wake: @escaping (ConnectionHandler) -> Void) {
        self.eventLoop = eventLoop
        self.reader = reader
        self.scans = scans
        self.wake = wake
    }

    var watchers: Int { watching.count }

    /// Adds a connection that watches. Must be called in the snapshot in which its position was checked.
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

    /// Lets all watchers check whether they are done, because another connection has ended.
    func wakeAll() {
        for connection in watching.values { wake(connection) }
    }

    private func newestSeq() throws(RPCError) -> Int64 {
        try reader.read { transaction throws(RPCError) in try transaction.newestSeq() }
    }

    // MARK: Rounds

    /// The events up to this number are committed.
    func committed(_ newest: Int64) {
        committed = max(committed, newest)
        if !watching.isEmpty { scheduleRound() }
    }

    /// Serves the connection in a later round. Further calls before that round have no effect.
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
        nextRound = now + (now - start) * Self.pauseFactor
        isRoundScheduled = false
        if !due.isEmpty { scheduleRound() }
    }

    private func refill() {
        guard committed - ring.end <= Self.maximumAtOnce else { return ring.restart(at: committed) }
        do throws(RPCError) {
            let after = ring.end
            let limit = Int(Self.maximumAtOnce)
            let events = try reader.read { transaction throws(RPCError) in
                try transaction.events(EventFilter(), after: after, limit: limit)
            }
            ring.append(events, upTo: committed)
        } catch {
            ring.restart(at: committed)  // The watchers then read pages, and end if that fails too.
        }
    }

    // MARK: For one connection

    /// Writes new events to a watcher, until `bytes` are reached.
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

    /// Whether the watcher was given all committed events.
    func hasAll(_ watcher: Watcher) -> Bool {
        watcher.page == nil && !watcher.awaitsPage && watcher.position >= max(ring.end, committed)
    }

    // MARK: Older events

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
                // The storage has logged the error. A client that reconnects continues after its last event.
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
