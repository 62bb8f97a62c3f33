internal import CMemory
internal import Glibc
internal import LifecycleSystem

/// What each signal that can be caught means to lifecycled. Those that are in no list do nothing by default (SIGCHLD,
/// SIGURG, SIGWINCH) or go on after SIGSTOP (SIGCONT); SIGBUS has a handler, see `ProcessSetup`.
package enum SignalMeaning {
    /// Somebody asks for an orderly end. There is nothing to read anew, which SIGHUP would be for otherwise.
    package static let stopping: [Int32] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPWR]

    /// By default these end a process. Who sends one to a ledger errs, and the first two are errors of a call: a client
    /// that hangs up, and a file that grows too large.
    package static let ignored: [Int32] = [
        SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT,
    ]

    /// Real-time signals, and the two that the C library keeps for itself; it sets its own handler before it sends one.
    package static let numbered: ClosedRange<Int32> = 32...64

    /// The process is at fault, or its limit of CPU time is used up: it ends as by a kill, which loses nothing that was
    /// answered, and systemd starts it anew.
    package static let ending: [Int32] = [SIGABRT, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP, SIGXCPU]

    /// A terminal's wish to stop a process. Ignored by a daemon: all callers would wait for one that stands still.
    package static let pausing: [Int32] = [SIGTSTP, SIGTTIN, SIGTTOU]

    /// All but what `stopping` is for.
    package static func apply() {
        SignalActions.ignore(ignored)
        for number in numbered { lifecycle_ignore_signal(number) }
        // Ignored by whoever started it, the watchdog's SIGABRT would do nothing.
        SignalActions.stopIgnoring(ending)
    }
}
