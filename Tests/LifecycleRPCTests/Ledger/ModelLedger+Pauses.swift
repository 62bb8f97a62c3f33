internal import LifecycleCore

/// Pauses.
extension ModelLedger {
    /// One that has ended is only told so. The same pause again, where there is no room for two, is told so as well.
    mutating func pause(_ index: Int, _ seconds: Int64) throws(Refusal) {
        switch projects[index].status {
        case .completed, .failed: return
        case .pending:
            throw Refusal(
                1003,
                ["from": .text("pending"), "to": .text("pending"), "allowed": .list(allowed(from: .pending))])
        case .processing: break
        }
        if seconds < 1 || seconds > limits.maximumPause { throw pauseOutOfRange(limits.maximumPause) }
        let left = limits.maximumPause - projects[index].pausedTime / 1000 + unused(index)
        if seconds > left {
            if projects[index].pausedUntil != nil, projects[index].pauseLength == seconds { return }
            throw pauseOutOfRange(left)
        }
        resume(index)
        projects[index].pausedUntil = now + 1000 * seconds
        projects[index].pauseLength = seconds
        lengthen(index, seconds)
        note(.paused, index, detail: counted(seconds))
    }

    mutating func resume(_ index: Int) {
        guard projects[index].pausedUntil != nil else { return }
        let unused = unused(index)
        lengthen(index, -unused)
        projects[index].pausedUntil = nil
        note(.resumed, index, detail: "\(counted(unused)) given back")
    }

    /// A second counts as used at least.
    private func unused(_ index: Int) -> Int64 {
        guard let until = projects[index].pausedUntil else { return 0 }
        return min(projects[index].pauseLength - 1, max(0, until - now) / 1000)
    }

    private mutating func lengthen(_ index: Int, _ seconds: Int64) {
        projects[index].pausedTime += 1000 * seconds
        if let end = projects[index].runtimeEnd { projects[index].runtimeEnd = end + 1000 * seconds }
    }

    private func counted(_ seconds: Int64) -> String { seconds == 1 ? "1 second" : "\(seconds) seconds" }

    private func pauseOutOfRange(_ most: Int64) -> Refusal {
        Refusal(1006, ["param": .text("pause"), "minimum": .integer(1), "maximum": .integer(max(0, most))])
    }
}
