internal import LifecycleCore
internal import Logging

/// The format of log records.
enum LogFormat: Sendable {
    /// Fields in journald's native protocol.
    case journal
    /// A line of text.
    case text(isColoured: Bool)

    /// Sorted by key.
    typealias Metadata = [(key: String, value: Logger.MetadataValue)]

    /// The maximum length of a message in bytes. It is longer than that of a value, because a message may quote an
    /// error.
    private static let maximumMessageBytes = 2000

    func record(_ level: Logger.Level, _ message: String, _ metadata: Metadata) -> [UInt8] {
        switch self {
        case .journal: Self.journalRecord(level, message, metadata)
        case .text(let isColoured): Self.line(level, message, metadata, isColoured: isColoured)
        }
    }

    /// The record of a message that does not come from a `Logger`.
    func record(_ message: LogMessage, _ fields: LogFields) -> [UInt8] {
        record(message.level, message.text, fields.metadata.sorted { $0.key < $1.key })
    }

    /// Appends the message, ` key=value` for each value of the metadata, and LF. A value is in quotes if it would be
    /// ambiguous without them.
    static func append(_ message: String, _ metadata: Metadata, to bytes: inout [UInt8]) {
        PeerText.append(message, to: &bytes, maximumBytes: maximumMessageBytes)
        for (key, value) in metadata {
            bytes.append(UInt8(ascii: " "))
            PeerText.append(key, to: &bytes, maximumBytes: PeerText.maximumValueBytes)
            bytes.append(UInt8(ascii: "="))
            append(value.description, to: &bytes)
        }
        bytes.append(0x0A)
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        // Fast path: nearly every value is plain.
        if !text.isEmpty, text.utf8.count <= PeerText.maximumValueBytes,
            !text.utf8.anySatisfies({ isAmbiguous($0) || $0 >= 0x7F })
        {
            bytes.append(contentsOf: text.utf8)
            return
        }
        let isQuoted = text.isEmpty || text.utf8.anySatisfies(isAmbiguous)
        if isQuoted { bytes.append(UInt8(ascii: "\"")) }
        PeerText.append(text, to: &bytes, maximumBytes: PeerText.maximumValueBytes, quotes: true)
        if isQuoted { bytes.append(UInt8(ascii: "\"")) }
    }

    private static func isAmbiguous(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == 0x22 || byte == 0x3D || byte == 0x5C || byte == 0x7F
    }
}
