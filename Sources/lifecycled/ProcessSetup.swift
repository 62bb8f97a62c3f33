internal import Glibc
internal import LifecycleRPC
internal import LifecycleSystem

/// Prepares the process before it opens any file.
enum ProcessSetup {
    static func apply() {
        takeSignals()
        openStandardDescriptors()
        umask(0o077)
        DispatchLog.silence()
    }

    /// The first step, because signals can come at any moment.
    private static func takeSignals() {
        Interruption.beginRecording()
        SignalMeaning.apply()
        stopOnLostMapping()
        // The last step: a signal that the parent blocked and that is pending is delivered now, to the new handlers.
        SignalActions.unblockAll()
    }

    /// SQLite maps the index of its log (`-shm`) into memory. If the file was truncated, or its file system cannot
    /// write any more (ext4 after an error in its journal), an access to a page raises SIGBUS instead of returning an
    /// error.
    private static func stopOnLostMapping() {
        signal(SIGBUS) { _ in
            // Calls only functions that are safe in a signal handler.
            let words: StaticString =
                "lifecycled: storage failed: a mapped file cannot be read or written: check the disk\n"
            _ = write(STDERR_FILENO, words.utf8Start, words.utf8CodeUnitCount)
            _exit(DaemonExit.inputOutput.rawValue)
        }
    }

    /// If the parent closed one of the descriptors 0, 1 and 2, the next file to be opened would get its number, and
    /// messages for standard error would be written into that file.
    private static func openStandardDescriptors() {
        var descriptor: Int32
        repeat { descriptor = open("/dev/null", O_RDWR | O_CLOEXEC) } while (0...STDERR_FILENO).contains(descriptor)
        close(descriptor)
    }
}
