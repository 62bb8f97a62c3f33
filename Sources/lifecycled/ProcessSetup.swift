internal import Glibc
internal import LifecycleSystem

/// What must hold for the whole process, before it opens anything.
enum ProcessSetup {
    static func apply() {
        openStandardDescriptors()
        umask(0o077)
        // As errors of the call: a client that hangs up and a file that grows too large must not end the process.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        DispatchLog.silence()
    }

    /// Were one of 0, 1 and 2 closed, the next file opened would get its number, and be written what is for standard
    /// error.
    private static func openStandardDescriptors() {
        var descriptor: Int32
        repeat { descriptor = open("/dev/null", O_RDWR | O_CLOEXEC) } while (0...STDERR_FILENO).contains(descriptor)
        close(descriptor)
    }
}
