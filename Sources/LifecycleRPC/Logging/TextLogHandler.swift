internal import LifecycleCore
package import Logging

/// Writes a record as one line: time, level, message, then the metadata as `key=value`.
package struct TextLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let queue: LogQueue
    private let isColoured: Bool

    init(queue: LogQueue, logLevel: Logger.Level, isColoured: Bool, metadataProvider: Logger.MetadataProvider? = nil) {
        self.queue = queue
        self.logLevel = logLevel
        self.isColoured = isColoured
        self.metadataProvider = metadataProvider
    }

    package subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let line = Self.line(
            level: event.level, message: event.message.description,
            LogRecord.metadata(of: event, base: metadata, provider: metadataProvider), isColoured: isColoured)
        queue.append(line, isUrgent: event.level > .info)
    }

    /// The line of a message that does not come by a `Logger`.
    static func line(_ message: LogMessage, _ fields: LogFields, isColoured: Bool) -> [UInt8] {
        line(
            level: message.level, message: message.text, fields.metadata.sorted { $0.key < $1.key },
            isColoured: isColoured)
    }

    private static func line(
        level: Logger.Level, message: String, _ metadata: [(key: String, value: Logger.MetadataValue)],
        isColoured: Bool
    ) -> [UInt8] {
        var line = linePrefix(level: level, isColoured: isColoured)
        PeerText.append(message, to: &line, maximumBytes: LogRecord.maximumMessageBytes)
        LogRecord.append(metadata, to: &line)
        line.append(0x0A)
        return line
    }

    private static func linePrefix(level: Logger.Level, isColoured: Bool) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        line.append(addingCapacity: Timestamp.textBytes) { systemClock().append(to: &$0) }
        line.append(UInt8(ascii: " "))
        if isColoured { line.append(contentsOf: colour(of: level).utf8) }
        line.append(contentsOf: level.rawValue.utf8)
        if isColoured { line.append(contentsOf: "\u{1b}[0m".utf8) }
        line.append(UInt8(ascii: " "))
        return line
    }

    private static func colour(of level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "\u{1b}[2m"
        case .info, .notice: "\u{1b}[32m"
        case .warning: "\u{1b}[33m"
        case .error, .critical: "\u{1b}[31m"
        }
    }
}
