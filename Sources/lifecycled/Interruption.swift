internal import Glibc
internal import LifecycleRPC
internal import LifecycleSystem
internal import Synchronization

/// The signals that ask for an end, noticed instead of obeyed: what was begun is done or cleaned up first.
enum Interruption {
    /// The first signal's number; 0: none came.
    private static let number = Atomic<Int32>(0)
    private static let obeysSecond = Atomic(false)
    /// Posted by the first one. A semaphore is one of the few things that a signal handler may use. It is unsafe to
    /// Swift only: the pointer never changes, and any thread may use what it points to.
    nonisolated(unsafe) private static let bell = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    static var hasCome: Bool { number.load(ordering: .relaxed) != 0 }

    /// SIGHUP that is ignored stays so: that is what `nohup` is for. The others are taken back from whoever ignored
    /// them: a shell's `&` ignores SIGINT and SIGQUIT for what it starts, which then could not be stopped by them.
    private static var numbers: [Int32] {
        SignalMeaning.stopping.filter { $0 != SIGHUP || !SignalActions.isIgnored($0) }
    }

    /// From now on they are noticed. What is then made of them is for one of the functions below.
    static func notice() {
        // Makes what the handler uses, which it must not do itself.
        sem_init(bell, 0, 0)
        _ = hasCome || obeysSecond.load(ordering: .relaxed)
        for each in numbers {
            signal(each) { number in
                let code = errno
                if Interruption.number.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged {
                    sem_post(Interruption.bell)
                } else if Interruption.obeysSecond.load(ordering: .relaxed) {
                    // Blocked until the handler returns, and then it ends the process.
                    signal(number, SIG_DFL)
                    raise(number)
                }
                errno = code
            }
        }
    }

    /// Calls back, once, on a thread of its own; at once if one has come.
    @Sendable static func whenCome(_ action: @escaping @Sendable () -> Void) throws(DaemonError) {
        do throws(SystemCallError) {
            try SystemThread.start {
                SystemThread.setName("signals")
                while sem_wait(bell) != 0, errno == EINTR {}
                action()
            }
        } catch {
            throw .other("\(error)")
        }
    }

    /// The first is asked for by `hasCome`, and a second one ends the process, whatever the first is waiting for.
    static func obeySecond() { obeysSecond.store(true, ordering: .relaxed) }

    /// They end the process as they do by default; and so does one that has come.
    static func obey() {
        for each in numbers { signal(each, SIG_DFL) }
        if hasCome { end() }
    }

    /// Ends the process as the signal would have done, so that a shell sees why.
    static func end() {
        let number = number.load(ordering: .relaxed)
        signal(number, SIG_DFL)
        // A thread of the pool has all of them blocked.
        var only = sigset_t()
        sigemptyset(&only)
        sigaddset(&only, number)
        pthread_sigmask(SIG_UNBLOCK, &only, nil)
        raise(number)
    }
}
