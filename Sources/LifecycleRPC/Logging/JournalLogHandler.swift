internal import LifecycleCore
package import Logging

/// Writes a record to journald: the readable line as `MESSAGE`, and each metadata value as a field of its own,
/// `LIFECYCLE_` and the key in upper case, so that `journalctl LIFECYCLE_PROJECT=…` finds it. Messages of `LogMessage`
/// have their `MESSAGE_ID`.
package struct JournalLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let queue: LogQueue

    init(queue: LogQueue, logLevel: Logger.Level, metadataProvider: Logger.MetadataProvider? = nil) {
        self.queue = queue
        self.logLevel = logLevel
        self.metadataProvider = metadataProvider
    }

    package subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let metadata = LogRecord.metadata(of: event, base: metadata, provider: metadataProvider)
        let record = Self.record(level: event.level, message: event.message.description, metadata)
        queue.append(record, isUrgent: event.level > .info)
    }

    /// The record of a message that does not come by a `Logger`.
    static func record(_ message: LogMessage, _ fields: LogFields) -> [UInt8] {
        record(level: message.level, message: message.text, fields.metadata.sorted { $0.key < $1.key })
    }

    private static func record(
        level: Logger.Level, message: String, _ metadata: [(key: String, value: Logger.MetadataValue)]
    ) -> [UInt8] {
        var fields: [UInt8] = []
        fields.reserveCapacity(768)
        fields.append(contentsOf: "PRIORITY=".utf8)
        fields.append(UInt8(ascii: "0") + priority(of: level))
        fields.append(contentsOf: "\nSYSLOG_IDENTIFIER=lifecycled\n".utf8)
        if let id = LogMessage.journalFields[message] { fields.append(contentsOf: id) }
        fields.append(contentsOf: "MESSAGE=".utf8)
        PeerText.append(message, to: &fields, maximumBytes: LogRecord.maximumMessageBytes)
        LogRecord.append(metadata, to: &fields)
        fields.append(0x0A)
        for (key, value) in metadata {
            appendFieldName(of: key, to: &fields)
            fields.append(UInt8(ascii: "="))
            PeerText.append(value.description, to: &fields, maximumBytes: PeerText.maximumValueBytes)
            fields.append(0x0A)
        }
        return fields
    }

    static func fieldName(of key: String) -> [UInt8] {
        var name: [UInt8] = []
        appendFieldName(of: key, to: &name)
        return name
    }

    /// journald takes names of `A`–`Z`, `0`–`9` and `_`, at most 64 bytes long, and drops other fields. `callerUid`
    /// becomes `LIFECYCLE_CALLER_UID`.
    private static func appendFieldName(of key: String, to fields: inout [UInt8]) {
        let end = fields.count + 64
        fields.append(contentsOf: "LIFECYCLE_".utf8)
        for byte in key.utf8 where fields.count < end {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): fields.append(byte - 0x20)
            case UInt8(ascii: "0")...UInt8(ascii: "9"): fields.append(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                fields.append(UInt8(ascii: "_"))
                if fields.count < end { fields.append(byte) }
            default: fields.append(UInt8(ascii: "_"))
            }
        }
    }

    /// The levels of syslog(3).
    private static func priority(of level: Logger.Level) -> UInt8 {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
