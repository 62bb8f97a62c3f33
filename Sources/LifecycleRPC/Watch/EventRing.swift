internal import DequeModule
internal import LifecycleCore

/// The newest events as lines, written once for all who watch. A pure value.
struct EventRing {
    private struct Line {
        let seq: Int64
        let userId: String
        let projectId: ProjectID?
        /// Without its LF.
        let text: [UInt8]
    }

    /// Beyond either, the oldest go; who has not had them reads them from the database.
    private let maximumLines: Int
    private let maximumBytes: Int

    private var lines = Deque<Line>()
    private var bytes = 0
    /// It has all events after this one…
    private(set) var start: Int64
    /// … up to this one.
    private(set) var end: Int64

    init(at seq: Int64 = 0, maximumLines: Int = 16_384, maximumBytes: Int = 4 << 20) {
        self.maximumLines = maximumLines
        self.maximumBytes = maximumBytes
        start = seq
        end = seq
    }

    /// Forgets all, and begins after this event.
    mutating func restart(at seq: Int64) {
        lines.removeAll()
        bytes = 0
        start = seq
        end = seq
    }

    /// Adds the events after `end`, which are all that there are up to `newest`.
    mutating func append(_ events: [Event], upTo newest: Int64) {
        for event in events where event.seq > end {
            var json = JSONWriter(capacity: 384)
            event.writeNotification(to: &json)
            lines.append(Line(seq: event.seq, userId: event.userId, projectId: event.projectId, text: json.take()))
            bytes += lines.last?.text.count ?? 0
            end = event.seq
        }
        end = max(end, newest)
        while lines.count > maximumLines || bytes > maximumBytes, let oldest = lines.popFirst() {
            bytes -= oldest.text.count
            start = oldest.seq
        }
    }

    /// Gives the lines after `position` that match, until they are `bytes` long or there are no more.
    /// - Parameter position: `start` or later; afterwards the event up to which nothing is missing.
    /// - Returns: the last event given.
    func read(
        _ filter: EventFilter, after position: inout Int64, atMost bytes: Int, _ take: ([UInt8]) -> Void
    ) -> Int64? {
        var given: Int64?
        var count = 0
        for line in lines[index(after: position)...] {
            if count >= bytes { return given }
            position = line.seq
            guard filter.matches(userId: line.userId, projectId: line.projectId) else { continue }
            take(line.text)
            count += line.text.count
            given = line.seq
        }
        position = max(position, end)
        return given
    }

    private func index(after position: Int64) -> Int {
        var (low, high) = (0, lines.count)
        while low < high {
            let middle = (low + high) / 2
            if lines[middle].seq <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
