package import LifecycleCore
internal import LifecycleSQLite

/// Imports the rows of a CSV file into a ledger that no daemon has open. It uses the same code as requests, in one
/// transaction, and audits the ledger before the commit. All rows are imported, or none.
package struct Importer {
    package enum Table: String, Sendable, CaseIterable {
        case users, projects
    }

    package enum Phase: Sendable {
        case reading, writing, auditing
    }

    private let context: CallContext
    private let isInterrupted: () -> Bool
    private let progress: (Phase, _ rows: Int) -> Void

    /// - Parameters:
    ///   - limits: the limits of the daemon, which determine deadlines.
    ///   - isInterrupted: called before every row.
    ///   - progress: called after every thousand rows.
    package init(
        limits: Limits, now: Timestamp = systemClock(), isInterrupted: @escaping () -> Bool = { false },
        progress: @escaping (Phase, _ rows: Int) -> Void = { _, _ in }
    ) {
        context = CallContext(now: now, caller: .daemon, limits: limits, metrics: NoFigures())
        self.isInterrupted = isInterrupted
        self.progress = progress
    }

    /// - Parameters:
    ///   - dryRun: does the whole import, then rolls back.
    ///   - mayCreate: creates the database if it does not exist.
    package func run(
        _ table: Table, from file: ImportFile, into database: String, dryRun: Bool, mayCreate: Bool
    ) throws(ImportError) -> ImportSummary {
        switch table {
        case .users: try run(ImportedUser.self, file, database, dryRun, mayCreate)
        case .projects: try run(ImportedProject.self, file, database, dryRun, mayCreate)
        }
    }

    private func run<Row: ImportedRow>(
        _ type: Row.Type, _ file: ImportFile, _ database: String, _ dryRun: Bool, _ mayCreate: Bool
    ) throws(ImportError) -> ImportSummary {
        // Checked before the file is read, which may take long.
        do throws(StorageError) { _ = try DatabasePresence.isNew(database, mayCreate: mayCreate) } catch {
            throw .database(error)
        }
        var plan = ImportPlan<Row>()
        try plan.read(file, now: context.now) { row throws(ImportError) in try pass(.reading, row) }
        let target = try ImportTarget(database, dryRun: dryRun, mayCreate: mayCreate)
        let ledger: OfflineLedger
        do throws(StorageError) {
            ledger = try OfflineLedger(path: target.path)
        } catch {
            throw .database(error)
        }
        do throws(ImportError) {
            var summary = try transact(plan, file, ledger, dryRun: dryRun)
            summary.database = (try? DatabasePath(database).path) ?? database
            summary.databaseIsNew = target.isNew
            do throws(StorageError) { try ledger.close() } catch {
                // The rows are committed, in the write-ahead log, which the next start copies.
                throw .storage(error, isOutcomeUnknown: true)
            }
            return summary
        } catch {
            ledger.rollBack()
            try? ledger.close()
            throw error
        }
    }

    private func transact<Row: ImportedRow>(
        _ plan: consuming ImportPlan<Row>, _ file: ImportFile, _ ledger: OfflineLedger, dryRun: Bool
    ) throws(ImportError) -> ImportSummary {
        try storage { () throws(StorageError) in try ledger.begin() }
        var run = ImportRun(context, plan.summary(dryRun: dryRun))
        let store = ledger.transaction
        var errors = plan.errors
        try plan.forEachRow(of: file, now: context.now) { number, line, row throws(ImportError) in
            try pass(.writing, number)
            // The events are for the log of a daemon, which is not used here.
            store.steps.removeAll(keepingCapacity: true)
            let refusal = try rule(store) { () throws(RPCError) in try row.write(in: store, &run) }
            if let refusal { errors.add(RowError(line: line, field: refusal.field, refusal.reason)) }
        }
        guard errors.count == 0 else { throw .rows(errors, path: file.path) }
        progress(.auditing, 0)
        let findings = try rule(store) { () throws(RPCError) in try store.audit() }.findings
        guard findings.isEmpty else { throw .inconsistent(findings) }
        if isInterrupted() { throw .interrupted }
        guard !dryRun else {
            ledger.rollBack()
            return run.summary
        }
        do throws(StorageError) { try ledger.commit() } catch {
            throw .storage(error, isOutcomeUnknown: error.kind != .full && error.kind != .busy)
        }
        return run.summary
    }

    private func pass(_ phase: Phase, _ row: Int) throws(ImportError) {
        if isInterrupted() { throw .interrupted }
        if row % 1000 == 0 { progress(phase, row) }
    }

    // MARK: Errors

    private func storage<Value>(_ body: () throws(StorageError) -> Value) throws(ImportError) -> Value {
        do throws(StorageError) { return try body() } catch { throw .storage(error, isOutcomeUnknown: false) }
    }

    /// Errors of rules come from storage, because rows are checked before they are written.
    private func rule<Value>(
        _ store: WriteTransaction, _ body: () throws(RPCError) -> Value
    ) throws(ImportError) -> Value {
        do throws(RPCError) { return try body() } catch {
            throw .storage(store.failure ?? StorageError(.misuse, error.message), isOutcomeUnknown: false)
        }
    }
}

/// The rules of an import use no metrics.
private struct NoFigures: MetricsSource {
    func report() -> GetMetrics.Response { .blank }
}
