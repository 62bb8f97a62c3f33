internal import LifecycleCore

/// The gauges that tell whether the daemon works well. A daemon of another version may have only some of them.
enum Figures {
    struct Gauge {
        let name: String
        let label: String
        let value: Double
        let text: String
        let attention: String?
    }

    /// A longer queue means that writes come faster than the writer commits them.
    private static let longQueue = 1000.0
    /// The daemon checkpoints the WAL at 16 MiB. A WAL of this size means that checkpoints fail.
    private static let longLogBytes = 256.0 * 1024 * 1024
    /// A WAL that is larger than the free space, divided by this, may fill the disk.
    private static let logShare = 4.0
    /// The longest time without a checkpoint that needs no attention.
    private static let longHoldSeconds = 60.0
    private static let oldBackupSeconds = 2.0 * 86_400

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
                let text = value < 0 ? "unknown" : bytes(value)
                return Gauge(name: metric.name, label: "disk free", value: value, text: text, attention: nil)
            case "lifecycle_wal_held_seconds":
                let attention =
                    value >= longHoldSeconds
                    ? "The WAL had no checkpoint for \(Duration.text(value)): a backup or another program holds an "
                        + "old snapshot of the database, or its disk is full."
                    : nil
                guard attention != nil else { return nil }
                return Gauge(
                    name: metric.name, label: "no checkpoint for", value: value, text: Duration.text(value),
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

    /// - Parameter free: bytes. `nil` or a negative number if it is unknown.
    private static func attention(logOf value: Double, free: Double?) -> String? {
        if value > longLogBytes { return "The WAL has grown to \(bytes(value))." }
        guard let free, free >= 0, value > free / logShare else { return nil }
        return "The WAL has \(bytes(value)), which is more than a quarter of the free disk space, \(bytes(free))."
    }

    /// - Parameter wait: seconds until retention continues. 0 if it does not wait, negative if the end is unknown.
    private static func retention(_ name: String, _ wait: Double) -> Gauge? {
        guard wait != 0 else { return nil }
        guard wait < 0 else {
            return Gauge(
                name: name, label: "old history", value: wait,
                text: "kept for another \(Duration.text(wait)), until the clock was right for one day",
                attention: nil)
        }
        return Gauge(
            name: name, label: "old history", value: wait, text: "kept",
            attention:
                "Old history is not removed: the clock is more than 30 days after the newest event that is at least "
                + "one day old. If the clock is right, removal continues one day after the next event.")
    }

    /// - Parameter time: of the last backup, in seconds since 1970. 0 if there is none.
    private static func backup(_ name: String, _ time: Double, _ now: Timestamp) -> Gauge {
        guard time > 0 else {
            return Gauge(name: name, label: "last backup", value: time, text: "none known", attention: nil)
        }
        let age = Double(now.milliseconds) / 1000 - time
        let moment = Timestamp(milliseconds: Int64(exactly: (time * 1000).rounded()) ?? 0)
        return Gauge(
            name: name, label: "last backup", value: time, text: "\(moment.short), \(Duration.text(age)) ago",
            attention: age > oldBackupSeconds ? "The last backup is \(Duration.text(age)) old." : nil)
    }

    /// Only errors whose cause is the daemon or its disk, and not the caller.
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
    /// For people, in one unit: `45 s`, `12 min`, `3 h`, `2 d`.
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
