internal import CSQLite
internal import LifecycleCore

extension Database {
    /// "LcRp" in the header of the file. It distinguishes the ledger from other SQLite files.
    package static let applicationID: Int64 = 0x4C63_5270

    /// Applies every setting and reads it back. Throws if a setting has no effect. Also throws for a file that is not a
    /// ledger, and leaves it unchanged.
    func configure() throws(StorageError) {
        let connection = try openHandle()
        for (option, on) in Self.switches {
            let code = lifecycle_sqlite3_db_config_switch(connection, option, on)
            guard code == SQLITE_OK else { throw error(code) }
        }
        guard mode != .memory else { return }
        sqlite3_busy_timeout(connection, Self.busyTimeout)
        for setting in Self.commonSettings { try apply(setting) }
        switch mode {
        case .writer:
            for setting in Self.writerSettings { try apply(setting) }
            try identify()
        case .reader:
            for setting in Self.readerSettings { try apply(setting) }
        case .copy:
            for setting in Self.copySettings { try apply(setting) }
            // The exclusive mode comes first: without it the file, which is marked as one with a WAL like every copy,
            // would need shared memory. The journal mode removes this mark. It cannot be `off`, because the connection
            // is defensive.
            try execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY")
            return
        case .memory:
            return
        }
        guard try text("PRAGMA journal_mode") == "wal" else {
            throw StorageError(.cannotOpen, "\(path) is not in WAL mode: its file system may not support shared memory")
        }
    }

    /// How long a statement waits for a foreign lock, in milliseconds. Normally no other process holds one.
    static let busyTimeout: Int32 = 250

    private static let switches: [(Int32, Int32)] = [
        (SQLITE_DBCONFIG_DEFENSIVE, 1),
        (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
        (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
        (SQLITE_DBCONFIG_ENABLE_FKEY, 1),
        (SQLITE_DBCONFIG_ENABLE_TRIGGER, 1),
        // "x" always names a column. Otherwise SQLite would take an unknown name for a string.
        (SQLITE_DBCONFIG_DQS_DML, 0),
        (SQLITE_DBCONFIG_DQS_DDL, 0),
        // Only the writer's explicit checkpoints copy the WAL: their errors are seen, and none is made after a failed
        // sync.
        (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1),
    ]

    private struct Setting {
        let name: String
        let value: Int64
    }

    private static let commonSettings = [
        Setting(name: "busy_timeout", value: Int64(busyTimeout)),
        Setting(name: "foreign_keys", value: 1),
        Setting(name: "trusted_schema", value: 0),
        Setting(name: "cell_size_check", value: 1),
        Setting(name: "temp_store", value: 2),  // memory
        Setting(name: "mmap_size", value: 0),  // an I/O error must be an error code, not a SIGBUS
        Setting(name: "wal_autocheckpoint", value: 0),
    ]

    private static let writerSettings = [
        Setting(name: "synchronous", value: 2),  // FULL: each commit is synced
        Setting(name: "cache_size", value: -16384),  // KiB
        Setting(name: "journal_size_limit", value: 64 << 20),  // what a WAL reset leaves of a large file, in bytes
    ]

    private static let readerSettings = [
        Setting(name: "query_only", value: 1),
        Setting(name: "cache_size", value: -16384),
    ]

    private static let copySettings = [
        Setting(name: "synchronous", value: 0),
        Setting(name: "cache_size", value: -16384),
    ]

    private func apply(_ setting: Setting) throws(StorageError) {
        try execute("PRAGMA \(setting.name) = \(setting.value)")
        let value = try integer("PRAGMA \(setting.name)")
        // If SQLite was compiled without memory mapping, `mmap_size` returns no row.
        guard value == setting.value || (value == nil && setting.value == 0) else {
            let found = value.map(String.init) ?? "nothing"
            throw StorageError(.misuse, "SQLite does not take \(setting.name) = \(setting.value): it says \(found)")
        }
    }

    /// Marks a new file as a ledger and refuses a foreign one. Turns the WAL on only after that, because this writes to
    /// the file.
    private func identify() throws(StorageError) {
        let id = try integer("PRAGMA application_id") ?? 0
        let version = try integer("PRAGMA user_version")
        let objects = try integer("SELECT count(*) FROM sqlite_schema")
        let isNew = id == 0 && version == 0 && objects == 0
        guard isNew || id == Self.applicationID else {
            throw StorageError(
                .cannotOpen, "\(path) is not a lifecycle-rpc database: give the path of one, or of a new file")
        }
        try execute("PRAGMA journal_mode = WAL")
        if isNew { try execute("PRAGMA application_id = \(Self.applicationID)") }
    }
}
