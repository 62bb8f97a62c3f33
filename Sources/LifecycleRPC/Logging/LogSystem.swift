internal import Glibc
package import LifecycleSystem
package import Logging

/// The log of the process: makes swift-log handlers that all write to one output through one queue.
///
///     let log = try LogSystem.bootstrap(level: .info)
///     defer { log.flush(timeout: .seconds(1)) }
package struct LogSystem: Sendable {
    /// How many records may wait before further ones are dropped: some 2 MiB.
    package static let defaultCapacity = 8192

    private let queue: LogQueue
    private let format: LogFormat

    /// Starts the background thread that writes.
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

    /// Makes every `Logger` of the process log to where `LogOutput.detect()` says. Once in a process, before the first
    /// logger: swift-log traps on the second call.
    package static func bootstrap(level: Logger.Level) throws(SystemCallError) -> LogSystem {
        let log = try LogSystem(output: .detect())
        LoggingSystem.bootstrap { _ in log.handler(level: level) }
        return log
    }

    /// A handler for `LoggingSystem.bootstrap`. Logging through it never waits for output.
    package func handler(
        level: Logger.Level, metadataProvider: Logger.MetadataProvider? = nil
    ) -> any LogHandler {
        QueueLogHandler(queue: queue, format: format, logLevel: level, metadataProvider: metadataProvider)
    }

    /// Waits until everything logged before is written; `false` when `timeout` ends first. Blocks its thread: for an
    /// orderly exit only.
    @discardableResult
    package func flush(timeout: Duration) -> Bool {
        queue.flush(timeout: timeout)
    }

    /// The records that were dropped because the output was too slow, or lost because it failed.
    package var droppedRecords: Int { queue.droppedRecords }

    /// Ends the background thread after it has written what is queued; later records are dropped.
    func close() {
        queue.close()
    }
}
