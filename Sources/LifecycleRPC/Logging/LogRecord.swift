internal import LifecycleCore
internal import Logging

/// What both handlers do alike with a log event.
enum LogRecord {
    /// The most bytes of a message. Longer than a value: messages are ours, but may quote an error.
    static let maximumMessageBytes = 2000

    /// The metadata of `event` over `provider`'s over `base`, sorted by key.
    static func metadata(
        of event: LogEvent, base: Logger.Metadata, provider: Logger.MetadataProvider?
    ) -> [(key: String, value: Logger.MetadataValue)] {
        if let explicit = event.metadata, base.isEmpty, provider == nil, event.error == nil {
            return explicit.sorted { $0.key < $1.key }
        }
        var merged = base
        if let provider { merged.merge(provider.get()) { _, new in new } }
        if let explicit = event.metadata { merged.merge(explicit) { _, new in new } }
        if let error = event.error { merged["error"] = "\(error)" }
        return merged.sorted { $0.key < $1.key }
    }

    /// Appends ` key=value` for each, a value in quotes when it would be ambiguous without.
    static func append(_ metadata: [(key: String, value: Logger.MetadataValue)], to bytes: inout [UInt8]) {
        for (key, value) in metadata {
            bytes.append(UInt8(ascii: " "))
            PeerText.append(key, to: &bytes, maximumBytes: PeerText.maximumValueBytes)
            bytes.append(UInt8(ascii: "="))
            append(value.description, to: &bytes)
        }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        // Nearly every value is this plain: once over it is enough.
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
