internal import Glibc

/// Sets the actions and the mask of signals. A process inherits both from its parent, which may have ignored or blocked
/// signals that this process needs.
package enum SignalActions {
    package static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        // Swift cannot compare C functions, so their addresses are compared.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    package static func ignore(_ numbers: [Int32]) {
        for number in numbers { signal(number, SIG_IGN) }
    }

    /// Restores the default action of ignored signals. Handlers are kept.
    package static func stopIgnoring(_ numbers: [Int32]) {
        for number in numbers where isIgnored(number) { signal(number, SIG_DFL) }
    }

    /// For the calling thread and the threads that it starts later. Pending signals are delivered now.
    package static func unblockAll() {
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
    }
}
