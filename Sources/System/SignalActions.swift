internal import Glibc

/// What the process does about signals, whatever it was started with: ignored signals and the mask of blocked ones are
/// inherited, from `nohup` as from a supervisor that never gave them a thought.
package enum SignalActions {
    package static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        // Swift cannot compare functions of C: their addresses are compared.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    package static func ignore(_ numbers: [Int32]) {
        for number in numbers { signal(number, SIG_IGN) }
    }

    /// Those that are ignored do again what they do by default; a handler stays.
    package static func stopIgnoring(_ numbers: [Int32]) {
        for number in numbers where isIgnored(number) { signal(number, SIG_DFL) }
    }

    /// Of the calling thread, and of those that it makes later. What has come and was blocked comes now.
    package static func unblockAll() {
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
    }
}
