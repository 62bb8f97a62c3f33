internal import CMemory
internal import Glibc
internal import LifecycleSystem

/// The meaning of each signal for lifecycled. Signals in no list do nothing by default (SIGCHLD, SIGURG, SIGWINCH) or
/// continue a stopped process (SIGCONT). SIGBUS has a handler, see `ProcessSetup`.
package enum SignalMeaning {
    /// A request for an orderly stop. SIGHUP is among them, because there is no configuration file to reload.
    package static let stopping: [Int32] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPWR]

    /// Signals that end a process by default, but must not end a ledger. The first two are errors of a system call: the
    /// peer has gone, and a file is too large.
    package static let ignored: [Int32] = [
        SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT,
    ]

    /// Real-time signals, and the two that the C library reserves. The library sets its handler before it sends one.
    package static let numbered: ClosedRange<Int32> = 32...64

    /// A fault of the process, or the end of its CPU time. The process ends by the signal, which loses nothing that was
    /// answered, and systemd starts it again.
    package static let ending: [Int32] = [SIGABRT, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP, SIGXCPU]

    /// A terminal pauses a process with these. A daemon ignores them, because all callers would wait.
    package static let pausing: [Int32] = [SIGTSTP, SIGTTIN, SIGTTOU]

    /// Sets the actions of all signals except those in `stopping`.
    package static func apply() {
        SignalActions.ignore(ignored)
        for number in numbered { lifecycle_ignore_signal(number) }
        // If the parent ignored SIGABRT, the watchdog's signal would have no effect.
        SignalActions.stopIgnoring(ending)
    }
}
