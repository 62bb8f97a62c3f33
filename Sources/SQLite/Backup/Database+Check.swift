internal import CSQLite
package import LifecycleCore

extension Database {
    /// Runs the statements of `audit.sql`, and compares the texts of the schema, which these statements do not.
    func auditFindings() throws(StorageError) -> [AuditReport.Finding] {
        var findings: [AuditReport.Finding] = []
        do throws(StorageError) {
            for sql in Schema.audit { findings += try self.findings(of: sql) }
            findings += try schemaDifferences(from: Schema.migrations).filter(\.isChange).map(\.finding)
        } catch {
            // SQLite's own check comes first. Its findings help more than the error that the other checks could not
            // run.
            guard error.kind == .corrupt, !findings.isEmpty else { throw error }
        }
        return findings
    }

    private func findings(of sql: String) throws(StorageError) -> [AuditReport.Finding] {
        let statement = try prepare(sql)
        return try statement.all { row throws(StorageError) in
            AuditReport.Finding(check: row.text(0), subject: row.text(1), detail: row.text(2))
        }
    }

    /// Checks that the database is a complete and sound ledger with a schema that this program knows.
    /// - Parameter goOn: called between the steps. An error that it throws ends the check.
    package func checkLedger(goOn: () throws(BackupFailure) -> Void) throws(BackupFailure) {
        do throws(StorageError) {
            guard try integer("PRAGMA application_id") == Self.applicationID, try integer("PRAGMA user_version") != 0
            else { throw StorageError(.cannotOpen, "it is not a database of lifecycled") }
            try Migrator.run(Schema.migrations, on: self)
        } catch {
            throw BackupFailure(error.message)
        }
        try goOn()
        var findings: [AuditReport.Finding] = []
        for sql in Schema.audit {
            do throws(StorageError) {
                findings += try self.findings(of: sql)
            } catch {
                try goOn()  // It may have been interrupted.
                throw BackupFailure("it is damaged, or cannot be audited: \(error.message)")
            }
            if let damage = findings.first(where: { $0.check == Schema.damage }) {
                throw BackupFailure("it is damaged: \(damage.detail)")
            }
            try goOn()
        }
        guard let first = findings.first else { return }
        throw BackupFailure(
            "its audit found \(findings.count) faults, the first: \(first.check) \(first.subject): \(first.detail)")
    }

    /// The number of projects, and the number of the newest event, or 0 if there is none.
    package func extent() throws(StorageError) -> (projects: Int64, lastSeq: Int64) {
        (
            try integer("SELECT count(*) FROM project") ?? 0,
            try integer("SELECT ifnull(max(seq), 0) FROM event") ?? 0
        )
    }

    /// Interrupts the running statement of this connection. May be used from any thread while the connection is open.
    package struct Interrupter: ReadInterrupter, @unchecked Sendable {
        // A C handle. SQLite allows this one call on it from any thread.
        fileprivate let handle: OpaquePointer

        package func interrupt() { sqlite3_interrupt(handle) }
    }

    package var interrupter: Interrupter {
        get throws(StorageError) { Interrupter(handle: try openHandle()) }
    }
}
