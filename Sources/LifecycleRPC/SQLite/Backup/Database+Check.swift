internal import CSQLite
internal import LifecycleCore

extension Database {
    /// Runs the statements of `audit.sql`.
    func auditFindings() throws(StorageError) -> [AuditReport.Finding] {
        var findings: [AuditReport.Finding] = []
        for sql in Schema.audit {
            let statement = try prepare(sql)
            findings += try statement.all { row throws(StorageError) in
                AuditReport.Finding(check: row.text(0), subject: row.text(1), detail: row.text(2))
            }
        }
        return findings
    }

    /// Checks that this is a whole and sound ledger, of a schema that this program knows.
    /// - Parameter goOn: asked between the steps; what it throws ends the check.
    func checkLedger(goOn: () throws(BackupFailure) -> Void) throws(BackupFailure) {
        do throws(StorageError) {
            guard try integer("PRAGMA application_id") == Self.applicationID, try integer("PRAGMA user_version") != 0
            else { throw StorageError(.cannotOpen, "it is not a database of lifecycled") }
            try Migrator.run(Schema.migrations, on: self)
        } catch {
            throw BackupFailure(error.message)
        }
        try goOn()
        let damage: [String]
        do throws(StorageError) {
            let check = try prepare("PRAGMA quick_check(10)")
            damage = try check.all { row throws(StorageError) in row.text(0) }.filter { $0 != "ok" }
        } catch {
            try goOn()  // It may have been interrupted.
            throw BackupFailure("it is damaged: \(error.message)")
        }
        guard damage.isEmpty else { throw BackupFailure("it is damaged: \(damage[0])") }
        try goOn()
        let findings: [AuditReport.Finding]
        do throws(StorageError) {
            findings = try auditFindings()
        } catch {
            try goOn()
            throw BackupFailure("it cannot be audited: \(error.message)")
        }
        guard let first = findings.first else { return }
        throw BackupFailure(
            "its audit found \(findings.count) faults, the first: \(first.check) \(first.subject): \(first.detail)")
    }

    /// Projects, and the newest event or 0.
    func extent() throws(StorageError) -> (projects: Int64, lastSeq: Int64) {
        (
            try integer("SELECT count(*) FROM project") ?? 0,
            try integer("SELECT ifnull(max(seq), 0) FROM event") ?? 0
        )
    }

    /// Ends what runs on this connection, from any thread, for as long as the connection is open.
    struct Interrupter: @unchecked Sendable {
        // A C handle; this one call on it is allowed from any thread.
        fileprivate let handle: OpaquePointer

        func interrupt() { sqlite3_interrupt(handle) }
    }

    var interrupter: Interrupter {
        get throws(StorageError) { Interrupter(handle: try openHandle()) }
    }
}
