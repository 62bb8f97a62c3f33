internal import Glibc

/// A pipe used as a signal between two threads, so that waiting can have a time limit. Closed on `deinit`.
package final class WakePipe: Sendable {
    package let readEnd: Int32
    package let writeEnd: Int32

    package init() throws(SystemCallError) {
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
    package func sendByte() {
        WakePipe.sendByte(to: writeEnd)
    }

    package static func sendByte(to descriptor: Int32) {
        var byte: UInt8 = 0
        _ = write(descriptor, &byte, 1)
    }

    /// Waits for a byte and takes it; `false` when `timeout` (`nil`: none) ends first.
    package func waitForByte(timeout: Duration?) -> Bool {
        let deadline = timeout.map { ContinuousClock.now + min(max($0, .zero), .seconds(31_536_000)) }
        while true {
            var entry = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
            let milliseconds = deadline.map { Self.milliseconds(until: $0) } ?? -1
            _ = poll(&entry, 1, milliseconds)
            var byte: UInt8 = 0
            if read(readEnd, &byte, 1) == 1 { return true }
            if milliseconds == 0 { return false }
        }
    }

    /// What ended a wait.
    package struct Readiness: Sendable {
        package var isReadable = false
        package var isWritable = false
    }

    /// Waits for bytes, which it takes, or for what `descriptor` can do, but not beyond `time` (nil: for ever).
    package func wait(until time: ContinuousClock.Instant?, or descriptor: Int32?, isWritable: Bool) -> Readiness {
        let events = Int16(POLLIN) | (isWritable ? Int16(POLLOUT) : 0)
        var entries = [pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)]
        if let descriptor { entries.append(pollfd(fd: descriptor, events: events, revents: 0)) }
        guard poll(&entries, nfds_t(entries.count), time.map(Self.milliseconds) ?? -1) > 0 else { return Readiness() }
        if entries[0].revents != 0 { takeBytes() }
        guard entries.count > 1 else { return Readiness() }
        let found = entries[1].revents
        // An error or the end is found by reading.
        return Readiness(
            isReadable: found & ~Int16(POLLOUT) != 0, isWritable: found & Int16(POLLOUT) != 0)
    }

    /// Waits for bytes, which it takes, or for what can be read from one of the descriptors, but not beyond `time` (nil:
    /// for ever).
    /// - Returns: for each descriptor whether it can be read, or has ended.
    package func wait(until time: ContinuousClock.Instant?, orReadable descriptors: [Int32]) -> [Bool] {
        var entries = ([readEnd] + descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&entries, nfds_t(entries.count), time.map(Self.milliseconds) ?? -1) > 0 else {
            return Array(repeating: false, count: descriptors.count)
        }
        if entries[0].revents != 0 { takeBytes() }
        return entries.dropFirst().map { $0.revents != 0 }
    }

    private func takeBytes() {
        var bytes: (UInt64, UInt64) = (0, 0)
        while read(readEnd, &bytes, 16) == 16 {}
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
        let (seconds, attoseconds) = min(max(.zero, deadline - .now), .seconds(86_400)).components
        // Rounded up, so that the last part of a millisecond is not spent spinning.
        let milliseconds = Double(seconds) * 1000 + (Double(attoseconds) / 1e15).rounded(.up)
        return Int32(milliseconds)
    }
}
