internal import Glibc
package import LifecycleSystem
package import Logging

/// The log of the process. It makes swift-log handlers that write to one output through one queue.
///
///     let log = try LogSystem.bootstrap(level: .info)
///     defer { log.flush(timeout: .seconds(1)) }
package struct LogSystem: Sendable {
    /// The number of records that may wait, about 2 MiB. Further records are dropped.
    package static let defaultCapacity = 8192

    private let queue: LogQueue
    private let format: LogFormat

    /// Starts the log thread.
    package init(output: LogOutput, capacity: Int = defaultCapacity) throws(SystemCallError) {
        let noColour = getenv("NO_COLOR").map { String(cString: $0) } ?? ""
        try self.init(
            output: output, descriptor: STDERR_FILENO, isColoured: isatty(STDERR_FILENO) == 1 && noColour.isEmpty,
            capacity: capacity)
    }

    init(
        output: LogOutput, descriptor: Int32, isColoured: Bool, capacity: Int = defaultCapacity,
        journalPath: String = Journal.defaultPath
    ) throws(SystemCallError) {
        let format: LogFormat
        let write: @Sendable ([[UInt8]]) -> Int
        switch output {
        case .journal:
            let journal = try Journal(path: journalPath)
            format = .journal
            write = { records in records.count { !journal.send($0) } }
        case .standardError:
            let writer = DescriptorWriter(descriptor: descriptor)
            format = .text(isColoured: isColoured)
            write = { writer.write($0) }
        }
        self.format = format
        queue = try LogQueue(
            capacity: capacity, dropNote: { format.record(.recordsDropped, [.dropped: "\($0)"]) }, write: write)
    }

    /// Makes every `Logger` of the process log to `LogOutput.detect()`. Must be called only once in a process, before
    /// the first logger is made: swift-log traps on a second call.
    package static func bootstrap(level: Logger.Level) throws(SystemCallError) -> LogSystem {
        let log = try LogSystem(output: .detect())
        LoggingSystem.bootstrap { _ in log.handler(level: level) }
        return log
    }

    /// A handler for `LoggingSystem.bootstrap`. It never waits for output.
    package func handler(
        level: Logger.Level, metadataProvider: Logger.MetadataProvider? = nil
    ) -> any LogHandler {
        QueueLogHandler(queue: queue, format: format, logLevel: level, metadataProvider: metadataProvider)
    }

    /// Waits until all records that were logged before are written. Blocks its thread, so it is only for the end of the
    /// process.
    /// - Returns: `false` if the timeout ended first.
    @discardableResult
    package func flush(timeout: Duration) -> Bool {
        queue.flush(timeout: timeout)
    }

    /// The number of records that were dropped because the output was too slow, or lost because it failed.
    package var droppedRecords: Int { queue.droppedRecords }

    /// Ends the log thread after it has written the queued records. Later records are dropped.
    func close() {
        queue.close()
    }
}
