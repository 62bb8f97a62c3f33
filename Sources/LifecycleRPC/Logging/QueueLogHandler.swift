internal import Logging

/// Formats each record of a `Logger` and adds it to the queue of the process.
struct QueueLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    private let queue: LogQueue
    private let format: LogFormat

    init(
        queue: LogQueue, format: LogFormat, logLevel: Logger.Level, metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.queue = queue
        self.format = format
        self.logLevel = logLevel
        self.metadataProvider = metadataProvider
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let record = format.record(event.level, event.message.description, allMetadata(of: event))
        queue.append(record, isUrgent: event.level > .info)
    }

    /// The metadata sorted by key. The event's values have precedence over the provider's, and those over the logger's.
    private func allMetadata(of event: LogEvent) -> LogFormat.Metadata {
        if let explicit = event.metadata, metadata.isEmpty, metadataProvider == nil, event.error == nil {
            return explicit.sorted { $0.key < $1.key }
        }
        var merged = metadata
        if let metadataProvider { merged.merge(metadataProvider.get()) { _, new in new } }
        if let explicit = event.metadata { merged.merge(explicit) { _, new in new } }
        if let error = event.error { merged["error"] = "\(error)" }
        return merged.sorted { $0.key < $1.key }
    }
}
