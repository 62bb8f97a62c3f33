internal import LifecycleCore

/// What the writer does when the clock is set, the machine sleeps or the thread stands still.
extension Writer {
    /// The thread continues after waiting for messages, which may have taken long.
    /// - Parameters:
    ///   - now: the uptime at which the thread continued.
    ///   - isLate: whether the process stood still meanwhile. No clock shows this.
    func resume(at now: Int64, isLate: Bool) {
        if isLate { resumedAt = context(.daemon).now }
        lastSeen = now
    }

    /// Checks whether this thread stood still during its work, because it was stopped or the disk was slow, or whether
    /// the event loop did. No client could report meanwhile, so leases count from now on. Call this before anything is
    /// expired, and before the thread waits again.
    func noticePause() {
        let now = uptime()
        if hasLoopPaused(now) || now &- lastSeen > patience { resumedAt = context(.daemon).now }
        lastSeen = now
    }

    /// Checks whether the clock was set or the machine slept: no project may expire early because the daemon could not
    /// work.
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
            // If the thread was stopped between the two reads, they show different moments and cannot be compared.
            guard after &- before < ClockWatch.tolerance / 2 else { continue }
            guard let jump = clockWatch.jump(wall: now, uptime: after) else { return }
            resumedAt = now
            onClockJump(jump)
            if jump.isBackwards { clockChanges.isBack = true } else { clockChanges.goForward(by: jump.milliseconds) }
            clockChangesAt = after
            return
        }
    }

    /// Writes down what the clock shows now, and applies a step forwards.
    private func follow(_ now: Timestamp) throws(StorageError) {
        try inOwnTransaction { () throws(StorageError) in
            transaction.begin(at: now)
            let (_, change) = try engine.transaction.lookAtClock(at: now)
            // The clock changed while no daemon ran. After a restart of the machine it is taken to be right.
            switch change {
            case .set(let step) where clockChanges.isStarting: clockChanges.goForward(by: step)
            case .restarted where clockChanges.isStarting: clockChanges.goForward(by: .max)
            default: break
            }
            try putForward(context(.daemon).limits)
        }
        clockChanges.isStarting = false
    }

    /// Gives projects that were set back more time again. In the open transaction, before anything is expired.
    func putForward(_ limits: Limits) throws(StorageError) {
        let step = clockChanges.undone
        guard step > 0 else { return }
        clockChanges.mayBeSetBack = try engine.transaction.putForward(milliseconds: step, limits: limits)
        clockChanges.noteDone()
    }

    /// After the clock went back, deadlines lie too far in the future by the same time. This shortens them, so that no
    /// project waits longer from now than its terms say.
    private func shortenDeadlines(_ now: Timestamp) throws(StorageError) {
        var latest: StoredProject?
        repeat {
            latest = try inOwnTransaction { () throws(StorageError) in
                try engine.transaction.writeBeats()
                let projects = try engine.transaction.unfinishedProjects(below: latest, limit: Sweep.batch)
                for stored in projects { try shortenDeadline(of: stored, now) }
                return projects.count == Sweep.batch ? projects.last : nil
            }
        } while latest != nil
    }

    /// Moves the end of the runtime to where it would be if the runtime began now. Otherwise a project whose creation
    /// now lies in the future would run for too long.
    private func shortenDeadline(of known: StoredProject, _ now: Timestamp) throws(StorageError) {
        let limits = context(.daemon).limits
        let stored = try engine.transaction.withPauseLength(known).pauseShortened(at: now)
        let knownEnd = stored.runtimeEnd(limits)
        let end = min(knownEnd, stored.terms.runtimeEnd(from: now, limits).adding(milliseconds: stored.pausedTime))
        let longest = stored.deadline(lastReport: now, endingBy: end, limits: limits)
        guard var deadline = longest, let knownDeadline = stored.project.deadline else { return }
        if stored.isDetached {
            deadline = min(deadline, stored.detachEnd(detachedAt: now, endingBy: end, limits: limits))
        }
        let isPauseShorter = stored.project.pausedUntil != known.project.pausedUntil
        guard end < knownEnd || deadline < knownDeadline || isPauseShorter else { return }
        deadline = min(deadline, knownDeadline)
        try engine.transaction.setBack(stored, deadline: deadline, runtimeEnd: end < knownEnd ? end : nil, at: now)
        nextDeadline.include(deadline)
        if end < knownEnd { clockChanges.mayBeSetBack = true }
    }
}
