internal import Glibc
package import LifecycleSystem
package import Logging

/// The log of the process: makes swift-log handlers that all write to one output through one queue.
///
///     let log = try LogSystem(output: .detect())
///     LoggingSystem.bootstrap { _ in log.handler(level: .info) }
///     defer { log.flush(timeout: .seconds(1)) }
package struct LogSystem: Sendable {
    /// How many records may wait before further ones are dropped: some 2 MiB.
    package static let defaultCapacity = 8192

    private let queue: LogQueue
    private let output: LogOutput
    private let isColoured: Bool

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
        self.output = output
        self.isColoured = isColoured
        switch output {
        case .journal:
            let journal = try Journal(path: journalPath)
            queue = try LogQueue(
                capacity: capacity,
                dropNote: { JournalLogHandler.record(.recordsDropped, [.dropped: "\($0)"]) },
                write: { records in records.count { !journal.send($0) } })
        case .standardError:
            let writer = DescriptorWriter(descriptor: descriptor)
            queue = try LogQueue(
                capacity: capacity,
                dropNote: { TextLogHandler.line(.recordsDropped, [.dropped: "\($0)"], isColoured: isColoured) },
                write: { writer.write($0) })
        }
    }

    /// A handler for `LoggingSystem.bootstrap`. Logging through it never waits for output.
    package func handler(
        level: Logger.Level, metadataProvider: Logger.MetadataProvider? = nil
    ) -> any LogHandler {
        switch output {
        case .journal:
            JournalLogHandler(queue: queue, logLevel: level, metadataProvider: metadataProvider)
        case .standardError:
            TextLogHandler(
                queue: queue, logLevel: level, isColoured: isColoured, metadataProvider: metadataProvider)
        }
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
