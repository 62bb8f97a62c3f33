internal import LifecycleCore
package import Logging

/// Writes a record to journald: the readable line as `MESSAGE`, and each metadata value as a field of its own,
/// `LIFECYCLE_` and the key in upper case, so that `journalctl LIFECYCLE_PROJECT=…` finds it.
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
        var fields = Self.recordStart(level: event.level)
        PeerText.append(event.message.description, to: &fields, maximumBytes: LogRecord.maximumMessageBytes)
        LogRecord.append(metadata, to: &fields)
        fields.append(0x0A)
        for (key, value) in metadata {
            fields.append(contentsOf: Self.fieldName(of: key))
            fields.append(UInt8(ascii: "="))
            PeerText.append(value.description, to: &fields, maximumBytes: PeerText.maximumValueBytes)
            fields.append(0x0A)
        }
        queue.append(fields, isUrgent: event.level > .info)
    }

    /// The record that tells of dropped records.
    static func dropNote(count: Int) -> [UInt8] {
        recordStart(level: .warning) + "\(count) log records dropped\n".utf8
    }

    /// journald takes names of `A`–`Z`, `0`–`9` and `_`, at most 64 bytes long, and drops other fields.
    static func fieldName(of key: String) -> [UInt8] {
        var name = Array("LIFECYCLE_".utf8)
        for byte in key.utf8.prefix(64 - name.count) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): name.append(byte - 0x20)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): name.append(byte)
            default: name.append(UInt8(ascii: "_"))
            }
        }
        return name
    }

    private static func recordStart(level: Logger.Level) -> [UInt8] {
        var fields: [UInt8] = []
        fields.reserveCapacity(512)
        fields.append(contentsOf: "PRIORITY=\(priority(of: level))\nSYSLOG_IDENTIFIER=lifecycled\nMESSAGE=".utf8)
        return fields
    }

    /// The levels of syslog(3).
    private static func priority(of level: Logger.Level) -> Int {
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
