internal import Glibc

/// A thread for work that may block. Not one of Swift's pool, which has only as many threads as there are cores.
package enum SystemThread {
    /// Runs `body` on a new, detached thread that takes no signals: they are for the process's own handling, and
    /// SIGPIPE, which a write here may cause, must not end the process. But SIGBUS, which is for the thread that touched
    /// the page: were it blocked, the kernel would end the process without asking the handler.
    package static func start(_ body: sending @escaping () -> Void) throws(SystemCallError) {
        let context = Unmanaged.passRetained(Context(body: body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { pointer in
                var signals = sigset_t()
                sigfillset(&signals)
                sigdelset(&signals, SIGBUS)
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

    /// Names the calling thread as `top -H` shows it, at most 15 bytes. By /proc, as Swift's Glibc module hides
    /// pthread_setname_np behind `_GNU_SOURCE`; it may fail, since it is only for who looks.
    package static func setName(_ name: String) {
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = Array(name.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }

    private final class Context {
        let body: () -> Void
        init(body: @escaping () -> Void) { self.body = body }
    }
}
