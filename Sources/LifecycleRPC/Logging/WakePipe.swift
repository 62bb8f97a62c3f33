internal import Glibc

/// A pipe used as a signal between two threads, so that waiting can have a time limit. Closed on `deinit`.
final class WakePipe: Sendable {
    let readEnd: Int32
    let writeEnd: Int32

    init() throws(SystemCallError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemCallError(call: "pipe", code: errno) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// Never blocks: a pipe that is full has woken its reader already.
    func sendByte() {
        WakePipe.sendByte(to: writeEnd)
    }

    static func sendByte(to descriptor: Int32) {
        var byte: UInt8 = 0
        _ = write(descriptor, &byte, 1)
    }

    /// Waits for a byte and takes it; `false` when `timeout` (`nil`: none) ends first.
    func waitForByte(timeout: Duration?) -> Bool {
        let deadline = timeout.map { ContinuousClock.now + min(max($0, .zero), .seconds(86_400)) }
        while true {
            var entry = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
            let milliseconds = deadline.map { Self.milliseconds(until: $0) } ?? -1
            _ = poll(&entry, 1, milliseconds)
            var byte: UInt8 = 0
            if read(readEnd, &byte, 1) == 1 { return true }
            if milliseconds == 0 { return false }
        }
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
        let (seconds, attoseconds) = max(.zero, deadline - .now).components
        // Rounded up, so that the last part of a millisecond is not spent spinning.
        let milliseconds = Double(seconds) * 1000 + (Double(attoseconds) / 1e15).rounded(.up)
        return Int32(milliseconds)
    }
}
