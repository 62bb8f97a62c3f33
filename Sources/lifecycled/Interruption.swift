internal import Glibc
internal import Synchronization

/// SIGINT, SIGTERM and SIGHUP noticed instead of obeyed at once: what was begun is cleaned up first. A second one is
/// obeyed, whatever the first is waiting for.
enum Interruption {
    /// The signal's number; 0: none came.
    private static let number = Atomic<Int32>(0)

    static var hasCome: Bool { number.load(ordering: .relaxed) != 0 }

    static func watch() {
        _ = hasCome  // Makes the atomic, which a handler must not do.
        for each in [SIGINT, SIGTERM, SIGHUP] {
            signal(each) {
                guard Interruption.number.exchange($0, ordering: .relaxed) != 0 else { return }
                // Blocked until the handler returns, and then it ends the process.
                signal($0, SIG_DFL)
                raise($0)
            }
        }
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
