internal import Logging

/// The names of the fields of log records. journald gets each as a separate field (`journalName`).
package enum LogKey: String, Sendable, CaseIterable {
    // For events of projects and credits.
    case project, user, credits, method, callerUid, callerPid, status, detail, errorCode
    // For all other messages.
    case error, finding, reason, seq, database, version, groups, path, bytes, projects, took, keepDays
    case allowed, needed, refused, exitStatus, dropped, free, direction, seconds

    /// The name in journald: `callerUid` is `LIFECYCLE_CALLER_UID`.
    package var journalName: String { String(decoding: LogFormat.fieldName(of: rawValue), as: UTF8.self) }
}

/// The fields of one log record.
package struct LogFields: Sendable, ExpressibleByDictionaryLiteral {
    private(set) var metadata: Logger.Metadata

    /// Reserves room for all fields of an event, because growing would hash all of them again.
    init() { metadata = Logger.Metadata(minimumCapacity: 8) }

    package init(dictionaryLiteral elements: (LogKey, String)...) {
        metadata = Logger.Metadata(uniqueKeysWithValues: elements.map { ($0.rawValue, .string($1)) })
    }

    subscript(key: LogKey) -> String? {
        get { metadata[key.rawValue]?.description }
        set { metadata[key.rawValue] = newValue.map { .string($0) } }
    }
}
