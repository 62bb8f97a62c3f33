internal import Glibc

/// Why logging could not start.
package struct LogStartError: Error, Sendable, CustomStringConvertible {
    let call: String
    let code: Int32

    package var description: String { "cannot start logging: \(call): \(String(cString: strerror(code)))" }
}

/// A thread for work that may block. Not one of Swift's pool, which has only as many threads as there are cores.
enum BackgroundThread {
    /// Runs `body` on a new, detached thread that takes no signals: they are for the daemon's own handling, and
    /// SIGPIPE, which a write here may cause, must not end the process.
    static func start(_ body: @escaping @Sendable () -> Void) throws(LogStartError) {
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
            throw LogStartError(call: "pthread_create", code: code)
        }
        pthread_detach(thread)
    }

    private final class Context: Sendable {
        let body: @Sendable () -> Void
        init(body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
