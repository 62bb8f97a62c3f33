internal import Glibc

/// Why the system refused something that the daemon cannot start without: a thread, a pipe.
package struct SystemCallError: Error, Sendable, CustomStringConvertible {
    let call: String
    let code: Int32

    package var description: String { "\(call) failed: \(String(cString: strerror(code)))" }
}

/// A thread for work that may block. Not one of Swift's pool, which has only as many threads as there are cores.
enum SystemThread {
    /// Runs `body` on a new, detached thread that takes no signals: they are for the daemon's own handling, and
    /// SIGPIPE, which a write here may cause, must not end the process.
    static func start(_ body: sending @escaping () -> Void) throws(SystemCallError) {
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
            throw SystemCallError(call: "pthread_create", code: code)
        }
        pthread_detach(thread)
    }

    private final class Context {
        let body: () -> Void
        init(body: @escaping () -> Void) { self.body = body }
    }
}
