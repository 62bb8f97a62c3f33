internal import LifecycleCore

/// The gauges that say how the daemon is, as far as it has them.
enum Figures {
    struct Gauge {
        let name: String
        let label: String
        let value: Double
        let text: String
        let attention: String?
    }

    /// More than that is more than the writer keeps up with.
    private static let longQueue = 1000.0
    /// The WAL is copied at 16 MiB: so much more means that something keeps it from that.
    private static let longLog = 256.0 * 1024 * 1024
    /// Of the free space: a log that is longer may fill the disk.
    private static let logShare = 4.0
    /// In seconds, for which nothing of the log could be copied into the database.
    private static let longHold = 60.0
    private static let oldBackup = 2.0 * 86_400

    static func gauges(_ metrics: GetMetrics.Response, now: Timestamp) -> [Gauge] {
        metrics.gauges.compactMap { metric in
            guard metric.labels.isEmpty else { return nil }
            let value = metric.value
            switch metric.name {
            case "lifecycle_connections":
                return Gauge(name: metric.name, label: "connections", value: value, text: number(value), attention: nil)
            case "lifecycle_queued_writes":
                let attention = value > longQueue ? "\(number(value)) writes wait for the disk." : nil
                return Gauge(
                    name: metric.name, label: "write queue", value: value, text: number(value), attention: attention)
            case "lifecycle_wal_bytes":
                return Gauge(
                    name: metric.name, label: "WAL", value: value, text: bytes(value),
                    attention: attention(logOf: value, free: self.value("lifecycle_free_bytes", in: metrics)))
            case "lifecycle_free_bytes":
                let text = value < 0 ? "nobody can tell" : bytes(value)
                return Gauge(name: metric.name, label: "disk free", value: value, text: text, attention: nil)
            case "lifecycle_wal_held_seconds":
                let attention =
                    value >= longHold
                    ? "The WAL could not be copied into the database for \(Duration.text(value)): a backup or another "
                        + "program reads an old state of it, or its disk is full."
                    : nil
                guard attention != nil else { return nil }
                return Gauge(
                    name: metric.name, label: "WAL held for", value: value, text: Duration.text(value),
                    attention: attention)
            case "lifecycle_charges_refused":
                guard value > 0 else { return nil }
                return Gauge(
                    name: metric.name, label: "new projects", value: value, text: "refused",
                    attention: "New projects and grants are refused: the database's disk has no room for them.")
            case "lifecycle_retention_wait_seconds":
                return retention(metric.name, value)
            case "lifecycle_last_backup_timestamp_seconds":
                return backup(metric.name, value, now)
            default: return nil
            }
        }
    }

    private static func value(_ name: String, in metrics: GetMetrics.Response) -> Double? {
        metrics.gauges.first { $0.name == name && $0.labels.isEmpty }?.value
    }

    /// - Parameter free: bytes; nil or below zero: nobody can tell.
    private static func attention(logOf value: Double, free: Double?) -> String? {
        if value > longLog { return "The WAL has grown to \(bytes(value))." }
        guard let free, free >= 0, value > free / logShare else { return nil }
        return "The WAL has \(bytes(value)), which is more than a quarter of what its disk has free, \(bytes(free))."
    }

    /// - Parameter wait: in seconds; 0: for nothing; below zero: until something happens.
    private static func retention(_ name: String, _ wait: Double) -> Gauge? {
        guard wait != 0 else { return nil }
        guard wait < 0 else {
            return Gauge(
                name: name, label: "old history", value: wait,
                text: "kept, until the clock has been right for a day: \(Duration.text(wait)) more", attention: nil)
        }
        return Gauge(
            name: name, label: "old history", value: wait, text: "kept",
            attention:
                "Old history is not removed: the clock is more than 30 days beyond the newest event that is a day "
                + "old. If it is right, that ends a day after the next event.")
    }

    /// - Parameter time: of the last backup, in seconds since 1970; 0: none.
    private static func backup(_ name: String, _ time: Double, _ now: Timestamp) -> Gauge {
        guard time > 0 else {
            return Gauge(name: name, label: "last backup", value: time, text: "none that it knows of", attention: nil)
        }
        let age = Double(now.milliseconds) / 1000 - time
        let moment = Timestamp(milliseconds: Int64(exactly: (time * 1000).rounded()) ?? 0)
        return Gauge(
            name: name, label: "last backup", value: time, text: "\(moment.short), \(Duration.text(age)) ago",
            attention: age > oldBackup ? "The last backup is \(Duration.text(age)) old." : nil)
    }

    /// Errors that speak of the daemon and its disk, and not of its callers.
    static func errors(_ metrics: GetMetrics.Response) -> [String] {
        let serious: [ErrorKind] = [.internalError, .storageFull, .storageUnavailable, .outcomeUnknown]
        return metrics.counters.compactMap { metric in
            guard metric.name == "lifecycle_errors_total", metric.value > 0,
                let kind = metric.labels.first(where: { $0.name == "kind" })?.value,
                serious.contains(where: { $0.name == kind })
            else { return nil }
            return "\(number(metric.value)) requests were answered with \(kind) since the daemon started: see its log."
        }
    }

    private static func number(_ value: Double) -> String { Figure.decimal(value) }

    private static func bytes(_ value: Double) -> String {
        value < 1024 * 1024 ? "\(number((value / 1024).rounded())) KiB" : "\(number(value / 1024 / 1024)) MiB"
    }
}

extension Duration {
    /// For people, in the largest unit that fits: `45 s`, `12 min`, `3 h`, `2 d`.
    static func text(_ seconds: Double) -> String {
        let magnitude = seconds.magnitude
        let (value, unit): (Double, String) =
            switch magnitude {
            case ..<120: (magnitude, "s")
            case ..<7200: (magnitude / 60, "min")
            case ..<172_800: (magnitude / 3600, "h")
            default: (magnitude / 86_400, "d")
            }
        return "\(Figure.decimal(value.rounded(.down))) \(unit)"
    }

    static func text(from start: Timestamp, to end: Timestamp) -> String {
        text(Double(end.milliseconds.subtractingReportingOverflow(start.milliseconds).partialValue) / 1000)
    }
}
