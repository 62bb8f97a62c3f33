internal import Glibc

/// Wakes a thread that waits in poll(2), for a byte or until a time limit. Closed on `deinit`.
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

    /// Never blocks: if the pipe is full, its reader has been woken already.
    package func sendByte() {
        WakePipe.sendByte(to: writeEnd)
    }

    package static func sendByte(to descriptor: Int32) {
        var byte: UInt8 = 0
        _ = write(descriptor, &byte, 1)
    }

    /// Waits for a byte and reads it.
    /// - Parameter timeout: `nil` for no limit.
    /// - Returns: `false` if the timeout ended first.
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

    /// What the descriptor could do at the end of a wait.
    package struct Readiness: Sendable {
        package var isReadable = false
        package var isWritable = false
    }

    /// Waits for bytes in the pipe and reads them, or until `descriptor` is ready, or until `time` (`nil`: no limit).
    package func wait(until time: ContinuousClock.Instant?, or descriptor: Int32?, isWritable: Bool) -> Readiness {
        let events = Int16(POLLIN) | (isWritable ? Int16(POLLOUT) : 0)
        var entries = [pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)]
        if let descriptor { entries.append(pollfd(fd: descriptor, events: events, revents: 0)) }
        guard poll(&entries, nfds_t(entries.count), time.map(Self.milliseconds) ?? -1) > 0 else { return Readiness() }
        if entries[0].revents != 0 { takeBytes() }
        guard entries.count > 1 else { return Readiness() }
        let found = entries[1].revents
        // An error or the end of the stream counts as readable: the read then returns it.
        return Readiness(
            isReadable: found & ~Int16(POLLOUT) != 0, isWritable: found & Int16(POLLOUT) != 0)
    }

    /// Waits for bytes in the pipe and reads them, or until a descriptor is readable, or until `time` (`nil`: no
    /// limit).
    /// - Returns: for each descriptor whether it is readable, has an error or has ended.
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
        // Rounded up, or the last part of a millisecond would be a busy loop.
        let milliseconds = Double(seconds) * 1000 + (Double(attoseconds) / 1e15).rounded(.up)
        return Int32(milliseconds)
    }
}
