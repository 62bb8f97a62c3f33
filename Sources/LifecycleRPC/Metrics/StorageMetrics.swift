internal import CoreMetrics
package import LifecycleCore
internal import LifecycleSQLite

/// Adds metrics of the files to `getMetrics`: their sizes, the free space on their disk, and the newest backup. It also
/// logs backups, and whether checkpoints of the write-ahead log fail. Any thread may call it.
package struct StorageMetrics: MetricsSource {
    private let registry: MetricsRegistry
    private let log: DaemonLog
    private let databasePath: String
    private let databaseBytes: Gauge
    private let logBytes: Gauge
    private let freeBytes: Gauge
    private let reserveBytes: Gauge
    private let heldSeconds: Gauge
    private let chargesRefused: Gauge
    private let retentionWait: Gauge
    private let backupTime: Gauge
    private let backupBytes: Gauge

    package init(_ registry: MetricsRegistry, databasePath: String, _ log: DaemonLog) {
        self.registry = registry
        self.log = log
        self.databasePath = databasePath
        databaseBytes = Gauge(label: "lifecycle_database_bytes", factory: registry)
        logBytes = Gauge(label: "lifecycle_wal_bytes", factory: registry)
        freeBytes = Gauge(label: "lifecycle_free_bytes", factory: registry)
        reserveBytes = Gauge(label: "lifecycle_reserve_bytes", factory: registry)
        heldSeconds = Gauge(label: "lifecycle_wal_held_seconds", factory: registry)
        chargesRefused = Gauge(label: "lifecycle_charges_refused", factory: registry)
        retentionWait = Gauge(label: "lifecycle_retention_wait_seconds", factory: registry)
        backupTime = Gauge(label: "lifecycle_last_backup_timestamp_seconds", factory: registry)
        backupBytes = Gauge(label: "lifecycle_last_backup_bytes", factory: registry)
        newestBackup(nil)
        retention(.nothing)
    }

    package func report() -> GetMetrics.Response {
        databaseBytes.record(DiskSpace.size(of: databasePath) ?? 0)
        logBytes.record(DiskSpace.size(of: databasePath + "-wal") ?? 0)
        reserveBytes.record(DiskSpace.size(of: databasePath + ".ballast") ?? 0)
        freeBytes.record(DiskSpace.free(at: databasePath) ?? -1)
        return registry.report()
    }

    /// Takes the state of the write-ahead log.
    func log(_ report: LogReport) {
        heldSeconds.record(report.heldFor / 1000)
        chargesRefused.record(report.refusesCharges ? 1 : 0)
        let fields: LogFields = [
            .bytes: "\(report.logBytes)", .free: report.freeBytes.map(String.init) ?? "unknown",
        ]
        switch report.alarm {
        case .raised(let reason):
            var fields = fields
            fields[.reason] = reason
            log.write(.logGrows, fields)
        case .cleared: log.write(.logCheckpointed, fields)
        case nil: break
        }
    }

    /// Takes the reason why retention waits, if it does.
    func retention(_ wait: RetentionService.Wait) {
        switch wait {
        case .nothing: retentionWait.record(0)
        case .forClock(let seconds): retentionWait.record(seconds)
        case .silence: retentionWait.record(-1)
        }
    }

    /// - Parameter newest: `nil` if there is no backup. `time` is in seconds since 1970.
    func newestBackup(_ newest: (time: Int64, bytes: Int64)?) {
        backupTime.record(newest?.time ?? 0)
        backupBytes.record(newest?.bytes ?? 0)
    }

    /// Takes the result of a backup.
    func backup(_ result: Result<BackupReport, BackupFailure>, took time: Duration) {
        switch result {
        case .success(let report):
            newestBackup((systemClock().milliseconds / 1000, report.bytes))
            log.write(
                .backupMade,
                [
                    .path: report.path, .bytes: "\(report.bytes)", .projects: "\(report.projects)",
                    .took: "\(time)",
                ])
        case .failure(let failure):
            log.write(.backupFailed, [.reason: failure.reason])
        }
    }
}
