internal import Glibc

/// A thread for work that may block. Swift's task pool must not be blocked: it has only one thread for each core.
package enum SystemThread {
    /// Runs `body` on a new, detached thread that blocks all signals except SIGBUS. Other threads handle the signals of
    /// the process, and a SIGPIPE that a write on this thread causes must not end it. SIGBUS goes to the thread that
    /// accessed the page: if it was blocked, the kernel would end the process without calling the handler.
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

    /// Sets the name of the calling thread for `top -H`, at most 15 bytes. It uses /proc because Swift's Glibc module
    /// does not have pthread_setname_np. An error is ignored: the name is only for people.
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
