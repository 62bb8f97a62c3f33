internal import Logging

/// What a log record tells beside its message. journald gets each as a field of its own (`journalName`).
package enum LogKey: String, Sendable, CaseIterable {
    // Of a step.
    case project, user, credits, method, callerUid, callerPid, status, detail, errorCode
    // Of everything else.
    case error, finding, reason, seq, database, version, groups, path, bytes, projects, took, keepDays
    case allowed, needed, refused, exitStatus, dropped, free, direction, seconds

    /// As journald has it: `callerUid` is `LIFECYCLE_CALLER_UID`.
    package var journalName: String { String(decoding: LogFormat.fieldName(of: rawValue), as: UTF8.self) }
}

/// The fields of one record.
package struct LogFields: Sendable, ExpressibleByDictionaryLiteral {
    private(set) var metadata: Logger.Metadata

    /// Room for all that a step tells: growing would hash them all again.
    init() { metadata = Logger.Metadata(minimumCapacity: 8) }

    package init(dictionaryLiteral elements: (LogKey, String)...) {
        metadata = Logger.Metadata(uniqueKeysWithValues: elements.map { ($0.rawValue, .string($1)) })
    }

    subscript(key: LogKey) -> String? {
        get { metadata[key.rawValue]?.description }
        set { metadata[key.rawValue] = newValue.map { .string($0) } }
    }
}
