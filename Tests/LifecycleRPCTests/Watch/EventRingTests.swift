import LifecycleCore
import Testing

@testable import LifecycleRPC

@Suite("The newest events, kept as lines")
struct EventRingTests {
    private static func event(_ seq: Int64, user: String = "ada", project: ProjectID? = nil) -> Event {
        Event(
            seq: seq, kind: .granted, at: Timestamp(milliseconds: 0), userId: user, projectId: project, uid: 0, gid: 0,
            pid: 0)
    }

    private static func seqs(
        _ ring: EventRing, _ filter: EventFilter = EventFilter(), after position: inout Int64, atMost bytes: Int = .max
    ) -> [Int64] {
        var seqs: [Int64] = []
        let last = ring.read(filter, after: &position, atMost: bytes) { text in
            let json = try? JSONDocument(parsing: text).root
            seqs.append(json?["params"]?["seq"]?.integer ?? -1)
        }
        #expect(last == seqs.last)
        return seqs
    }

    @Test("gives what comes after a position, wherever that is")
    func positions() {
        var ring = EventRing(at: 10)
        ring.append((11...20).map { Self.event($0) }, upTo: 20)
        for start in Int64(10)...25 {
            var position = start
            #expect(Self.seqs(ring, after: &position) == (start < 20 ? Array(start + 1...20) : []))
            #expect(position == max(start, 20))
        }
    }

    @Test(
        "the oldest go beyond the bounds of lines and bytes, and the start tells",
        arguments: [(5, 1 << 20), (1000, 700)])
    func bounds(_ lines: Int, _ bytes: Int) {
        var ring = EventRing(maximumLines: lines, maximumBytes: bytes)
        for seq in Int64(1)...50 { ring.append([Self.event(seq)], upTo: seq) }
        #expect(ring.end == 50 && ring.start >= 45 && ring.start < 50)
        var position = ring.start
        #expect(Self.seqs(ring, after: &position) == Array(ring.start + 1...50))
    }

    @Test("what does not match is passed over, and the position goes on")
    func filters() {
        let project = ProjectID(high: 1, low: 2)
        var ring = EventRing()
        ring.append(
            [
                Self.event(1), Self.event(2, user: "bea"), Self.event(3, project: project),
                Self.event(4, user: "bea", project: project),
            ], upTo: 4)
        for (filter, expected) in [
            (EventFilter(userId: "ada"), [1, 3]), (EventFilter(projectId: project), [3, 4]),
            (EventFilter(userId: "bea", projectId: project), [4]), (EventFilter(userId: "eve"), []),
        ] as [(EventFilter, [Int64])] {
            var position: Int64 = 0
            #expect(Self.seqs(ring, filter, after: &position) == expected)
            #expect(position == 4)
        }
    }

    @Test("a turn's share is given, and the rest after it")
    func shares() {
        var ring = EventRing()
        ring.append((1...10).map { Self.event($0) }, upTo: 10)
        var position: Int64 = 0
        var seqs: [Int64] = []
        var turns = 0
        while position < ring.end {
            seqs += Self.seqs(ring, after: &position, atMost: 200)
            turns += 1
        }
        #expect(seqs == Array(1...10))
        #expect(turns > 2)
    }

    @Test("events that it has already are not taken twice; gaps in the numbers are nothing")
    func appends() {
        var ring = EventRing(at: 5)
        ring.append([Self.event(4), Self.event(6), Self.event(9)], upTo: 12)
        ring.append([Self.event(9), Self.event(14)], upTo: 14)
        var position: Int64 = 5
        #expect(Self.seqs(ring, after: &position) == [6, 9, 14])
        ring.restart(at: 20)
        position = 20
        #expect(Self.seqs(ring, after: &position).isEmpty && ring.start == 20 && ring.end == 20)
    }
}
