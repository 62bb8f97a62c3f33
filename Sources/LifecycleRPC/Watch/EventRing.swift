internal import DequeModule
internal import LifecycleCore

/// The newest events as lines, which are written once for all watchers. A pure value.
struct EventRing {
    private struct Line {
        let seq: Int64
        let userId: String
        let projectId: ProjectID?
        /// Without its LF.
        let text: [UInt8]
    }

    /// Above either limit the oldest events are removed. Watchers that need them read them from the database.
    private let maximumLines: Int
    private let maximumBytes: Int

    private var lines = Deque<Line>()
    private var bytes = 0
    /// The ring has all events after `start` up to `end`.
    private(set) var start: Int64
    private(set) var end: Int64

    init(at seq: Int64 = 0, maximumLines: Int = 16_384, maximumBytes: Int = 4 << 20) {
        self.maximumLines = maximumLines
        self.maximumBytes = maximumBytes
        start = seq
        end = seq
    }

    /// Removes all events. The next events must be those after `seq`.
    mutating func restart(at seq: Int64) {
        lines.removeAll()
        bytes = 0
        start = seq
        end = seq
    }

    /// Adds all events after `end` up to `newest`.
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

    /// Passes the matching lines after `position` to `take`, until `bytes` are reached or there are no more.
    /// - Parameter position: `start` or later. After the call, all matching events up to this number were passed.
    /// - Returns: the number of the last event that was passed.
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
