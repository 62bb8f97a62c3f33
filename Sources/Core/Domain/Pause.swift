/// Pauses: nobody reports on a project for a time that its pipeline has named, and none of its clocks runs out.
package enum Pause {
    /// Pauses a project from now on. Its own pause, if it has one, ends with that.
    /// - Returns: the project as it is then. As it was, when the same pause is asked for again (an answer may have been
    ///   lost) and the project has no room for two of them.
    package static func begin(
        _ stored: StoredProject, for seconds: Int64, in store: any WriteTransaction, _ context: CallContext
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

    /// Ends the project's pause, if it has one, and gives back what was not used of it.
    /// - Returns: the project as it is then.
    package static func end(
        _ stored: StoredProject, in store: any WriteTransaction, _ context: CallContext
    ) throws(RPCError) -> StoredProject {
        guard stored.project.pausedUntil != nil else { return stored }
        let (resumed, unused) = stored.resumed(at: context.now, context.limits)
        try store.setPause(of: resumed, at: context.now)
        try store.record(
            NewEvent(.resumed, of: resumed, detail: "\(text(unused)) given back"), by: context.caller, at: context.now)
        return resumed
    }

    /// The audit adds up the numbers that these begin with.
    private static func text(_ seconds: Int64) -> String { "\(seconds) second\(seconds == 1 ? "" : "s")" }
}

extension StoredProject {
    /// As it is when it is paused from now on.
    fileprivate func paused(for seconds: Int64, at now: Timestamp, _ limits: Limits) -> StoredProject {
        var paused = self
        paused.pausedTime += seconds * 1000
        paused.runtimeEnd = runtimeEnd?.adding(seconds: seconds)
        paused.pauseLength = seconds
        paused.project.pausedUntil = now.adding(seconds: seconds)
        return paused.heard(at: now, limits)
    }

    /// As it is when it goes on now, with the whole seconds of its pause that were not used. One counts as used at
    /// least, so that no project is paused more often than it may be paused seconds.
    fileprivate func resumed(at now: Timestamp, _ limits: Limits) -> (stored: StoredProject, unused: Int64) {
        guard let until = project.pausedUntil else { return (self, 0) }
        // More than its length is left when the clock went back.
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

    /// As it is after the clock went back: a pause lasts no longer than one that had begun now.
    package func pauseShortened(at now: Timestamp) -> StoredProject {
        guard let until = project.pausedUntil else { return self }
        var shortened = self
        shortened.project.pausedUntil = min(until, now.adding(seconds: pauseLength ?? 0))
        return shortened
    }
}
