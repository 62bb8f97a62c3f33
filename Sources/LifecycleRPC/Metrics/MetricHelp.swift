/// One line for each family of metrics, as protocol.md's table says it too.
enum MetricHelp {
    static func text(of name: String) -> String { texts[name] ?? "Not described." }

    private static let texts = [
        "lifecycle_requests_total": "Requests that named a method.",
        "lifecycle_errors_total": "Errors answered, by their kind.",
        "lifecycle_commits_total": "Transactions of the writer.",
        "lifecycle_committed_writes_total": "Writes in the writer's transactions, also those that were refused.",
        "lifecycle_connections_refused_total": "Connections that were one too many.",
        "lifecycle_connections": "Connections now.",
        "lifecycle_queued_writes": "Writes that wait for the disk.",
        "lifecycle_watchers": "Connections that watch.",
        "lifecycle_database_bytes": "Size of the database's file.",
        "lifecycle_wal_bytes": "Size of the file of the write-ahead log.",
        "lifecycle_wal_held_seconds":
            "For how long nothing of that log could be copied into the database; 0: it is copied.",
        "lifecycle_reserve_bytes": "Space set aside on the database's disk for that copy and for refunds.",
        "lifecycle_free_bytes": "What is free on the database's disk besides; -1 when nobody can tell.",
        "lifecycle_charges_refused": "1 while new projects and grants are refused for want of room.",
        "lifecycle_retention_wait_seconds":
            "Until the clock has been right for a day and old history is removed; 0: now; -1: it is far beyond the history.",
        "lifecycle_last_backup_timestamp_seconds": "When the newest backup was made, since 1970; 0 without one.",
        "lifecycle_last_backup_bytes": "Size of the newest backup; 0 without one.",
        "lifecycle_request_seconds": "Time from reading a request to answering it.",
        "lifecycle_commit_seconds": "Time of one transaction of the writer, the flush of the disk included.",
    ]
}
