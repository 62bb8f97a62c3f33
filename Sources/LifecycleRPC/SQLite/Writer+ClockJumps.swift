internal import LifecycleCore

/// Clocks that are set, a machine that sleeps, a thread that stands still.
extension Writer {
    /// The thread has waited for work, which may take long, and goes on.
    /// - Parameters:
    ///   - now: the uptime as soon as it did.
    ///   - isLate: the process stood still meanwhile, which no clock shows.
    func wakeUp(at now: Int64, isLate: Bool) {
        if isLate { resumedAt = context(.daemon).now }
        lastSeen = now
    }

    /// Looks whether the thread stood still in the middle of its work, paused or in front of a slow disk, or the event loop
    /// did, so that nobody could report. To be asked before something due is settled, and before the thread waits again.
    func noticePause() {
        let now = uptime()
        if hasLoopPaused(now) || now &- lastSeen > patience { resumedAt = context(.daemon).now }
        lastSeen = now
    }

    /// Looks whether the clock was set or the machine slept: nobody is refunded early because *we* slept.
    func watchClock() throws(StorageError) {
        compareClocks()
        guard let time = shortensAt, time <= uptime() else { return }
        let now = context(.daemon).now
        do throws(StorageError) {
            try makingRoom { _ throws(StorageError) in try shortenDeadlines(now) }
            shortensAt = nil
        } catch  where error.isPassing {
            onError(error)
            shortensAt = uptime() &+ 1000
        }
    }

    func compareClocks() {
        while true {
            let before = uptime()
            let now = context(.daemon).now
            let after = uptime()
            // Who was stopped in between has read two moments, which say nothing about each other.
            guard after &- before < ClockWatch.tolerance / 2 else { continue }
            guard let jump = clockWatch.jump(wall: now, uptime: after) else { return }
            resumedAt = now
            onClockJump(jump)
            if jump.isBackwards { shortensAt = after }
            return
        }
    }

    /// After the clock went back, deadlines lie too far in the future by as much: no project waits longer than its terms
    /// say from now on.
    private func shortenDeadlines(_ now: Timestamp) throws(StorageError) {
        var latest: StoredProject?
        while true {
            do throws(StorageError) {
                try begin.run()
                transaction.begin(at: now)
                try transaction.writeBeats()
                let projects = try transaction.unfinishedProjects(below: latest, limit: Sweep.batch)
                do throws(RPCError) {
                    for stored in projects {
                        try shortenDeadline(of: stored, now)
                    }
                } catch {
                    throw transaction.failure ?? StorageError(.misuse, error.message)
                }
                try commit()
                guard let last = projects.last, projects.count == Sweep.batch else { return }
                latest = last
            } catch {
                rollBack()
                throw error
            }
        }
    }

    private func shortenDeadline(of stored: StoredProject, _ now: Timestamp) throws(RPCError) {
        let limits = context(.daemon).limits
        let createdAt = min(stored.project.createdAt, now)
        let deadline = stored.terms.deadline(
            stored.project.status, createdAt: createdAt, lastReport: now, limits: limits)
        guard var deadline, let known = stored.project.deadline else { return }
        if stored.isDetached {
            deadline = min(deadline, stored.terms.detachEnd(createdAt: createdAt, detachedAt: now, limits: limits))
        }
        if deadline < known { try Sweep.postpone(stored, to: deadline, in: transaction, at: now) }
    }
}
