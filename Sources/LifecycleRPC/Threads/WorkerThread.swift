internal import Glibc

/// Why a thread could not be started.
package struct ThreadStartError: Error, Sendable, CustomStringConvertible {
    let code: Int32

    package var description: String { "cannot start a thread: \(String(cString: strerror(code)))" }
}

/// A thread for work that may block. Not one of Swift's pool, which has only as many threads as there are cores.
enum WorkerThread {
    /// Runs `body` on a new, detached thread that takes no signals: they are for the daemon's own handling, and
    /// SIGPIPE, which a write here may cause, must not end the process.
    static func start(_ body: sending @escaping () -> Void) throws(ThreadStartError) {
        let context = Unmanaged.passRetained(Context(body: body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { pointer in
                var signals = sigset_t()
                sigfillset(&signals)
                pthread_sigmask(SIG_BLOCK, &signals, nil)
                if let pointer { Unmanaged<Context>.fromOpaque(pointer).takeRetainedValue().body() }
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            throw ThreadStartError(code: code)
        }
        pthread_detach(thread)
    }

    private final class Context {
        let body: () -> Void
        init(body: @escaping () -> Void) { self.body = body }
    }
}
