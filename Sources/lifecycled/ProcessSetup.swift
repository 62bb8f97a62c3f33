internal import Glibc
internal import LifecycleRPC
internal import LifecycleSystem

/// What must hold for the whole process, before it opens anything.
enum ProcessSetup {
    static func apply() {
        takeSignals()
        openStandardDescriptors()
        umask(0o077)
        DispatchLog.silence()
    }

    /// First of all, as they may come at any moment.
    private static func takeSignals() {
        Interruption.notice()
        SignalMeaning.apply()
        stopOnLostMapping()
        // At last: what came while whoever started it had it blocked finds all that decided.
        SignalActions.unblockAll()
    }

    /// SQLite maps the index of its log (`-shm`). When the file system under it can no longer write, as ext4 after an
    /// error in its journal, or the file was cut short, then touching a page is not an error code but this signal.
    private static func stopOnLostMapping() {
        signal(SIGBUS) { _ in
            // Only what a signal handler may call.
            let words: StaticString =
                "lifecycled: storage failed: a mapped file cannot be read or written: check the disk\n"
            _ = write(STDERR_FILENO, words.utf8Start, words.utf8CodeUnitCount)
            _exit(DaemonExit.inputOutput.rawValue)
        }
    }

    /// Were one of 0, 1 and 2 closed, the next file opened would get its number, and be written what is for standard
    /// error.
    private static func openStandardDescriptors() {
        var descriptor: Int32
        repeat { descriptor = open("/dev/null", O_RDWR | O_CLOEXEC) } while (0...STDERR_FILENO).contains(descriptor)
        close(descriptor)
    }
}
