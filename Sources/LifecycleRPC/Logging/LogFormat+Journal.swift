internal import LifecycleCore
internal import Logging

extension LogFormat {
    /// The readable line as `MESSAGE`, and each metadata value as a separate field, whose name is `LIFECYCLE_` and the
    /// key in upper case, so that `journalctl LIFECYCLE_PROJECT=…` finds it. Messages of `LogMessage` have their
    /// `MESSAGE_ID`.
    static func journalRecord(_ level: Logger.Level, _ message: String, _ metadata: Metadata) -> [UInt8] {
        var fields: [UInt8] = []
        fields.reserveCapacity(768)
        fields.append(contentsOf: "PRIORITY=".utf8)
        fields.append(UInt8(ascii: "0") + priority(of: level))
        fields.append(contentsOf: "\nSYSLOG_IDENTIFIER=lifecycled\n".utf8)
        if let id = LogMessage.journalFields[message] { fields.append(contentsOf: id) }
        fields.append(contentsOf: "MESSAGE=".utf8)
        append(message, metadata, to: &fields)
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

    /// `callerUid` becomes `LIFECYCLE_CALLER_UID`. journald accepts names of `A`–`Z`, `0`–`9` and `_` with at most 64
    /// bytes, and drops other fields.
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
