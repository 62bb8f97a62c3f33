/// Pauses. In a pause the pipeline does not report on a project, for a time that it has announced, and none of the
/// project's clocks runs out.
package enum Pause {
    /// Pauses a project from now on. This ends an earlier pause of the project.
    /// - Returns: the paused project. If the request repeats the running pause (its answer may have been lost), and the
    ///   project has no time left for a second pause of this length, the project is returned unchanged.
    package static func begin(
        _ stored: StoredProject, for seconds: Int64, in store: WriteTransaction, _ context: CallContext
    ) throws(RPCError) -> StoredProject {
        let most = context.limits.maximumPause
        guard stored.project.status == .processing else { throw .cannotPause(stored.project.status) }
        guard (1...most).contains(seconds) else { throw .amountOutOfRange("pause", seconds, allowed: 1...most) }
        let left = most - stored.resumed(at: context.now, context.limits).stored.pausedTime / 1000
        guard seconds <= left else {
            if stored.pauseLength == seconds { return stored }
            throw .pauseExceeded(seconds, left: left, limit: most)
        }
        let paused = try end(stored, in: store, context).paused(for: seconds, at: context.now, context.limits)
        try store.setPause(of: paused, at: context.now)
        try store.record(
            NewEvent(.paused, of: paused, detail: text(seconds)), by: context.caller, at: context.now)
        return paused
    }

    /// Ends the pause of a project, if it has one, and gives back the unused time.
    /// - Returns: the project after this.
    package static func end(
        _ stored: StoredProject, in store: WriteTransaction, _ context: CallContext
    ) throws(RPCError) -> StoredProject {
        guard stored.project.pausedUntil != nil else { return stored }
        let (resumed, unused) = stored.resumed(at: context.now, context.limits)
        try store.setPause(of: resumed, at: context.now)
        try store.record(
            NewEvent(.resumed, of: resumed, detail: "\(text(unused)) given back"), by: context.caller, at: context.now)
        return resumed
    }

    /// The audit reads the number at the beginning of these texts and adds these numbers up.
    private static func text(_ seconds: Int64) -> String { "\(seconds) second\(seconds == 1 ? "" : "s")" }
}

extension StoredProject {
    /// The project after a pause that begins now.
    fileprivate func paused(for seconds: Int64, at now: Timestamp, _ limits: Limits) -> StoredProject {
        var paused = self
        paused.pausedTime += seconds * 1000
        paused.runtimeEnd = runtimeEnd?.adding(seconds: seconds)
        paused.pauseLength = seconds
        paused.project.pausedUntil = now.adding(seconds: seconds)
        return paused.heard(at: now, limits)
    }

    /// The project after the end of its pause, and the whole seconds of the pause that were not used. At least one
    /// second counts as used, so that a project cannot be paused more often than the number of seconds it may be paused
    /// for.
    fileprivate func resumed(at now: Timestamp, _ limits: Limits) -> (stored: StoredProject, unused: Int64) {
        guard let until = project.pausedUntil else { return (self, 0) }
        // If the clock went back, more time is left than the pause is long.
        let unused = max(0, min(until.milliseconds(since: now) / 1000, (pauseLength ?? 0) - 1))
        var resumed = self
        resumed.pausedTime -= unused * 1000
        resumed.runtimeEnd = runtimeEnd?.adding(seconds: -unused)
        resumed.pauseLength = nil
        resumed.project.pausedUntil = nil
        return (resumed.heard(at: now, limits), unused)
    }

    private func heard(at now: Timestamp, _ limits: Limits) -> StoredProject {
        var stored = self
        stored.isDetached = false
        stored.project.updatedAt = now
        stored.project.deadline = stored.deadline(lastReport: now, limits: limits)
        return stored
    }

    /// The project after the clock went back: its pause ends no later than a pause of the same length that begins now.
    package func pauseShortened(at now: Timestamp) -> StoredProject {
        guard let until = project.pausedUntil else { return self }
        var shortened = self
        shortened.project.pausedUntil = min(until, now.adding(seconds: pauseLength ?? 0))
        return shortened
    }
}
