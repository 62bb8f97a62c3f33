internal import CoreMetrics
internal import Glibc
package import LifecycleCore

/// What `getMetrics` tells of the files, beside the registry's own: how large they are now, and the newest backup. Also
/// logs backups. Any thread.
package struct StorageMetrics: MetricsSource {
    private let registry: MetricsRegistry
    private let log: DaemonLog
    private let databasePath: String
    private let databaseBytes: Gauge
    private let logBytes: Gauge
    private let backupTime: Gauge
    private let backupBytes: Gauge

    package init(_ registry: MetricsRegistry, databasePath: String, _ log: DaemonLog) {
        self.registry = registry
        self.log = log
        self.databasePath = databasePath
        databaseBytes = Gauge(label: "lifecycle_database_bytes", factory: registry)
        logBytes = Gauge(label: "lifecycle_wal_bytes", factory: registry)
        backupTime = Gauge(label: "lifecycle_last_backup_timestamp_seconds", factory: registry)
        backupBytes = Gauge(label: "lifecycle_last_backup_bytes", factory: registry)
        newestBackup(nil)
    }

    package func report() -> GetMetrics.Response {
        databaseBytes.record(Self.size(of: databasePath))
        logBytes.record(Self.size(of: databasePath + "-wal"))
        return registry.report()
    }

    /// The newest one that there is, as seconds since 1970 and bytes; zeros when there is none.
    func newestBackup(_ newest: (time: Int64, bytes: Int64)?) {
        backupTime.record(newest?.time ?? 0)
        backupBytes.record(newest?.bytes ?? 0)
    }

    /// One was made, or not.
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

    private static func size(of path: String) -> Int64 {
        var status = stat()
        return lstat(path, &status) == 0 ? Int64(status.st_size) : 0
    }
}
