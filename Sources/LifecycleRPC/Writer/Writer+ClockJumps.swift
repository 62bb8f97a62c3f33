internal import LifecycleCore
internal import LifecycleSQLite

/// Clocks that are set, a machine that sleeps, a thread that stands still.
extension Writer {
    /// The thread has waited for messages, which may take long, and continues.
    /// - Parameters:
    ///   - now: the uptime as soon as it did.
    ///   - isLate: the process stood still meanwhile, which no clock shows.
    func resume(at now: Int64, isLate: Bool) {
        if isLate { resumedAt = context(.daemon).now }
        lastSeen = now
    }

    /// Looks whether the thread stood still in the middle of its work, paused or in front of a slow disk, or the event
    /// loop did, so that nobody could report. To be asked before anything is expired, and before the thread waits
    /// again.
    func noticePause() {
        let now = uptime()
        if hasLoopPaused(now) || now &- lastSeen > patience { resumedAt = context(.daemon).now }
        lastSeen = now
    }

    /// Looks whether the clock was set or the machine slept: nobody is refunded early because *we* slept.
    func watchClock() throws(StorageError) {
        compareClocks()
        guard let time = clockChangesAt, time <= uptime() else { return }
        let now = context(.daemon).now
        do throws(StorageError) {
            try makingRoom { _ throws(StorageError) in
                try follow(now)
                if clockChanges.isBack { try shortenDeadlines(now) }
            }
            clockChanges.isBack = false
            clockChangesAt = nil
        } catch  where error.isPassing {
            onError(error)
            clockChangesAt = uptime() &+ 1000
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
            if jump.isBackwards { clockChanges.isBack = true } else { clockChanges.goForward(by: jump.milliseconds) }
            clockChangesAt = after
            return
        }
    }

    /// Notes how the clock is now, and does what a step forwards asks for.
    private func follow(_ now: Timestamp) throws(StorageError) {
        do throws(StorageError) {
            try begin.run()
            transaction.begin(at: now)
            let (_, change) = try transaction.lookAtClock(at: now)
            // Nobody has seen how the clock came to what it shows. After a restart of the machine it is taken to be
            // right.
            switch change {
            case .set(let step) where clockChanges.isStarting: clockChanges.goForward(by: step)
            case .restarted where clockChanges.isStarting: clockChanges.goForward(by: .max)
            default: break
            }
            try putForward(context(.daemon).limits)
            try commit()
            clockChanges.isStarting = false
        } catch {
            rollBack()
            throw error
        }
    }

    /// In the transaction that is open, before anything is expired: projects that were set back have more time again.
    func putForward(_ limits: Limits) throws(StorageError) {
        let step = clockChanges.undone
        guard step > 0 else { return }
        clockChanges.mayBeSetBack = try transaction.putForward(milliseconds: step, limits: limits)
        clockChanges.noteDone()
    }

    /// After the clock went back, deadlines lie too far in the future by as much: no project waits longer than its
    /// terms say from now on.
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

    /// Its runtime ends no later than if it had begun now: what was created in what is the future now would go on for
    /// ever.
    private func shortenDeadline(of known: StoredProject, _ now: Timestamp) throws(RPCError) {
        let limits = context(.daemon).limits
        let stored = known.pauseShortened(at: now)
        let knownEnd = stored.runtimeEnd(limits)
        let end = min(knownEnd, stored.terms.runtimeEnd(from: now, limits).adding(milliseconds: stored.pausedTime))
        let longest = stored.deadline(lastReport: now, endingBy: end, limits: limits)
        guard var deadline = longest, let knownDeadline = stored.project.deadline else { return }
        if stored.isDetached {
            deadline = min(deadline, stored.detachEnd(detachedAt: now, endingBy: end, limits: limits))
        }
        let isPauseShorter = stored.project.pausedUntil != known.project.pausedUntil
        guard end < knownEnd || deadline < knownDeadline || isPauseShorter else { return }
        try transaction.setBack(
            stored, deadline: min(deadline, knownDeadline), runtimeEnd: end < knownEnd ? end : nil, at: now)
        if end < knownEnd { clockChanges.mayBeSetBack = true }
    }
}
