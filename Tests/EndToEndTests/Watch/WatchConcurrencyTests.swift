import Foundation
import TestSupport
import Testing

@Suite("watch: every event once, in order, whoever writes and watches")
struct WatchConcurrencyTests {
    /// Writes projects and grants of some users until told to stop.
    private static func write(_ daemon: TestDaemon, _ number: Int, _ rounds: Int) throws {
        let connection = try daemon.connect()
        let user = "user\(number % 3)"
        for _ in 0..<rounds {
            _ = try connection.call("grantCredits", ["userId": user, "credits": 1, "reason": "r"])
            let created = try connection.call("createProject", ["userId": user, "credits": 1])
            let id = try #require(created.string("project.projectId"))
            let verdict = number % 2 == 0 ? "failed" : "completed"
            _ = try connection.call("updateStatus", ["projectId": id, "status": verdict])
        }
    }

    @Test("watchers that come at any time, with any filter, miss nothing while four write")
    func concurrent() throws {
        let daemon = try TestDaemon()
        try daemon.grantAtOnce("user0", times: 700)
        let rounds = 150
        let seen = Box<[(after: Int, user: String?, events: [WatchedEvent])]>([])
        let users = ["user0", "user1", "user2"]
        let writing = Box(4)
        try inThreads(4 + 12) { number in
            if number < 4 {
                try Self.write(daemon, number, rounds)
                writing.change { $0 -= 1 }
                try waitFor("the other writers") { writing.value == 0 }
                guard number == 0 else { return }
                for user in users {
                    _ = try daemon.call("grantCredits", ["userId": user, "credits": 1, "reason": "the end"])
                }
            } else {
                let watcher = try daemon.connect()
                let user = number % 2 == 0 ? users[number % 3] : nil
                let from: Int? = number % 4 == 0 ? nil : number % 4 == 1 ? 0 : 300
                let newest = try watcher.watch(fromSeq: from, userId: user)
                var events: [WatchedEvent] = []
                var ends = 0
                while ends < (user == nil ? 3 : 1) {
                    events.append(try watcher.event())
                    if events.last?.line.contains("the end") == true { ends += 1 }
                }
                seen.change { $0.append((from ?? newest, user, events)) }
            }
        }
        let history = try daemon.history()
        #expect(history.map(\.seq) == Array(1...history.count))
        #expect(seen.value.count == 12)
        for (after, user, events) in seen.value {
            #expect(events == history.filter { $0.seq > after && (user ?? $0.userId) == $0.userId })
        }
    }

    @Test("far behind and at the end: more events than the daemon keeps at hand, while more come")
    func longReplay() throws {
        let daemon = try TestDaemon()
        try daemon.grantAtOnce("ada", times: 6000)
        let watchers = try (0..<3).map { _ in try daemon.connect() }
        for watcher in watchers { #expect(try watcher.watch(fromSeq: 0) >= 6000) }
        try daemon.grantAtOnce("bea", times: 3000)
        for watcher in watchers { #expect(try watcher.events(9000).map(\.seq) == Array(1...9000)) }
    }

    @Test("200 watchers get everything, each in order")
    func many() throws {
        let daemon = try TestDaemon()
        let watchers = try (0..<200).map { _ in try daemon.connect() }
        for watcher in watchers { try watcher.watch() }
        #expect(try daemon.call("getMetrics").metric("gauges", "lifecycle_watchers") == 200)
        let start = ContinuousClock.now
        try daemon.grantAtOnce("ada", times: 1000)
        let written = ContinuousClock.now - start
        for watcher in watchers { #expect(try watcher.events(1000).map(\.seq) == Array(1...1000)) }
        print("200 watchers: 1000 writes in \(written), all told after \(ContinuousClock.now - start)")
        for watcher in watchers { watcher.close() }
        try waitFor("the watchers to be gone") {
            try daemon.call("getMetrics").metric("gauges", "lifecycle_watchers") == 0
        }
    }

    @Test("who goes on from its last event after each kill -9 of the daemon has every event exactly once")
    func kills() throws {
        let daemon = try TestDaemon()
        let isOver = Box(false)
        let events = Box<[WatchedEvent]>([])
        let acknowledged = Box(0)
        try inThreads(3) { number in
            switch number {
            case 0:
                for round in 1...5 {
                    let enough = round * 60
                    try waitFor("some writes") { acknowledged.value > enough && events.value.count > enough }
                    daemon.kill()
                    try daemon.start()
                }
                try waitFor("more writes") { acknowledged.value > 400 }
                isOver.change { $0 = true }
                try daemon.grant("bea")  // Whoever waits for an event has one.
            case 1:
                while !isOver.value {
                    // Whatever goes wrong here is the daemon's end.
                    guard let connection = try? daemon.connect() else { continue }
                    let params: [String: Any] = ["userId": "ada", "credits": 1, "reason": "r"]
                    while !isOver.value, (try? connection.call("grantCredits", params)) != nil {
                        acknowledged.change { $0 += 1 }
                    }
                }
            default:
                while !isOver.value {
                    guard let connection = try? daemon.connect(),
                        (try? connection.watch(fromSeq: events.value.last?.seq ?? 0)) != nil
                    else { continue }
                    while !isOver.value, let event = try? connection.event() { events.change { $0.append(event) } }
                }
            }
        }
        let history = try daemon.history()
        let seen = events.value
        #expect(history.count >= acknowledged.value)
        #expect(seen.count > 300)
        #expect(seen == Array(history.prefix(seen.count)))
    }
}
