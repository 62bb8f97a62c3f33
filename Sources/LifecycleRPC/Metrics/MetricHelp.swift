/// The HELP line of each metric. The table in protocol.md says the same.
enum MetricHelp {
    static func text(of name: String) -> String { texts[name] ?? "Not described." }

    private static let texts = [
        "lifecycle_requests_total": "Requests that named a method.",
        "lifecycle_errors_total": "Error answers by kind.",
        "lifecycle_commits_total": "Transactions of the writer.",
        "lifecycle_committed_writes_total": "Writes in the writer's transactions, including refused writes.",
        "lifecycle_connections_refused_total": "Connections that were refused because of a limit.",
        "lifecycle_connections": "Open connections.",
        "lifecycle_queued_writes": "Writes that wait for the disk.",
        "lifecycle_watchers": "Connections that watch.",
        "lifecycle_database_bytes": "Size of the database's file.",
        "lifecycle_wal_bytes": "Size of the write-ahead log's file.",
        "lifecycle_wal_held_seconds": "Time without a checkpoint of the write-ahead log; 0 if checkpoints work.",
        "lifecycle_reserve_bytes": "Size of the reserve file on the database's disk, for checkpoints and refunds.",
        "lifecycle_free_bytes": "Free space on the database's disk, without the reserve file; -1 if unknown.",
        "lifecycle_charges_refused": "1 while new projects and grants are refused because of a full disk.",
        "lifecycle_retention_wait_seconds":
            "Time until the clock was right for one day; 0 if retention does not wait; -1 if the clock is far ahead.",
        "lifecycle_last_backup_timestamp_seconds": "When the newest backup was made, since 1970; 0 if there is none.",
        "lifecycle_last_backup_bytes": "Size of the newest backup; 0 if there is none.",
        "lifecycle_request_seconds": "Time from reading a request to answering it.",
        "lifecycle_commit_seconds": "Time of one transaction of the writer, including the sync.",
    ]
}
