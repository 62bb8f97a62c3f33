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

    /// Looks whether the thread stood still in the middle of its work, paused or in front of a slow disk, so that nobody
    /// could report. To be asked before something due is settled, and before the thread waits again.
    func noticePause() {
        let now = uptime()
        if now &- lastSeen > patience { resumedAt = context(.daemon).now }
        lastSeen = now
    }

    /// Looks whether the clock was set or the machine slept: nobody is refunded early because *we* slept.
    func watchClock() throws(StorageError) {
        compareClocks()
        guard let time = redatesAt, time <= uptime() else { return }
        do throws(StorageError) {
            while let next = redatings.first {
                try makingRoom { _ throws(StorageError) in try redate(next) }
                redatings.removeFirst()
            }
            redatesAt = nil
        } catch  where error.isPassing {
            onError(error)
            redatesAt = uptime() &+ 1000
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
            noticed(jump)
            return
        }
    }

    /// The daemon starts: whether the clock went back while nobody ran shows in the newest event.
    func compareWithHistory() throws(StorageError) {
        let now = context(.daemon).now
        let newest = try transaction.newestEventTime() ?? now
        if newest > now {
            noticed(ClockJump(milliseconds: now.milliseconds(since: newest)))
        } else {
            redatings.append(.start)
            redatesAt = uptime()
        }
    }

    private func noticed(_ jump: ClockJump) {
        onClockJump(jump)
        redatesAt = uptime()
        if jump.isBackwards {
            if redatings.last != .back { redatings.append(.back) }
        } else if case .forwards(let earlier) = redatings.last {
            redatings[redatings.count - 1] = .forwards(by: earlier.addingReportingOverflow(jump.milliseconds).partialValue)
        } else {
            redatings.append(.forwards(by: jump.milliseconds))
        }
    }

    /// Some projects at a time. What storage refuses in the middle begins anew: a second time `forwards` only means more
    /// time for them, and never more than from their creation on.
    private func redate(_ redating: Redating) throws(StorageError) {
        let context = context(.daemon)
        var last: StoredProject?
        repeat {
            do throws(StorageError) {
                try begin.run()
                transaction.begin(at: context.now)
                try transaction.writeBeats()
                do throws(RPCError) {
                    last = try redating.run(in: transaction, context, below: last)
                } catch {
                    throw transaction.failure ?? StorageError(.misuse, error.message)
                }
                try commit()
            } catch {
                rollBack()
                throw error
            }
        } while last != nil
    }
}
