internal import Glibc
internal import LifecycleRPC
internal import LifecycleSystem
internal import Synchronization

/// The signals that ask the process to stop. They are recorded first, so that the work of the moment can be finished or
/// undone before the process ends.
enum Interruption {
    /// The number of the first signal. 0 if none has come.
    private static let number = Atomic<Int32>(0)
    private static let obeysSecond = Atomic(false)
    /// Posted by the first signal, because sem_post(3) is one of the few calls that a signal handler may make.
    /// Swift cannot know that it is safe: the pointer never changes, and any thread may use a semaphore.
    nonisolated(unsafe) private static let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    static var hasCome: Bool { number.load(ordering: .relaxed) != 0 }

    /// An ignored SIGHUP stays ignored, because `nohup` does that on purpose. The others are handled even if the parent
    /// ignored them: a shell's `&` ignores SIGINT and SIGQUIT for its child, which could then not be stopped by them.
    private static var numbers: [Int32] {
        SignalMeaning.stopping.filter { $0 != SIGHUP || !SignalActions.isIgnored($0) }
    }

    /// Records signals from now on. One of the functions below says what happens then.
    static func beginRecording() {
        // Initialises what the handler uses: a signal handler must not initialise Swift's static properties.
        sem_init(semaphore, 0, 0)
        _ = hasCome || obeysSecond.load(ordering: .relaxed)
        for each in numbers {
            signal(each) { number in
                let code = errno
                if Interruption.number.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged {
                    sem_post(Interruption.semaphore)
                } else if Interruption.obeysSecond.load(ordering: .relaxed) {
                    // The signal is blocked until this handler returns. Then it ends the process.
                    signal(number, SIG_DFL)
                    raise(number)
                }
                errno = code
            }
        }
    }

    /// Calls `action` once, on a separate thread, when the first signal comes or if one has come already.
    @Sendable static func whenCome(_ action: @escaping @Sendable () -> Void) throws(DaemonError) {
        do throws(SystemCallError) {
            try SystemThread.start {
                SystemThread.setName("signals")
                while sem_wait(semaphore) != 0, errno == EINTR {}
                action()
            }
        } catch {
            throw .other("\(error)")
        }
    }

    /// The first signal sets `hasCome`. A second signal ends the process at once.
    static func obeySecond() { obeysSecond.store(true, ordering: .relaxed) }

    /// The signals end the process at once, also if one has come already.
    static func obey() {
        for each in numbers { signal(each, SIG_DFL) }
        if hasCome { end() }
    }

    /// Ends the process by the signal that came, so that a shell sees the reason.
    static func end() {
        let number = number.load(ordering: .relaxed)
        signal(number, SIG_DFL)
        // Threads of Swift's task pool block all signals.
        var only = sigset_t()
        sigemptyset(&only)
        sigaddset(&only, number)
        pthread_sigmask(SIG_UNBLOCK, &only, nil)
        raise(number)
    }
}
