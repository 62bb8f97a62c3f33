package import LifecycleCore
internal import LifecycleSQLite

/// Brings the rows of a CSV file into a ledger that no daemon has open: in one transaction, through the code that serves
/// callers, audited before it is committed. Everything or nothing.
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
    ///   - limits: the daemon's: deadlines follow from its terms.
    ///   - isInterrupted: asked before every row.
    ///   - progress: told how far it is, every thousand rows.
    package init(
        limits: Limits, now: Timestamp = systemClock(), isInterrupted: @escaping () -> Bool = { false },
        progress: @escaping (Phase, _ rows: Int) -> Void = { _, _ in }
    ) {
        context = CallContext(now: now, caller: .daemon, limits: limits, metrics: NoFigures())
        self.isInterrupted = isInterrupted
        self.progress = progress
    }

    /// - Parameters:
    ///   - dryRun: does all of it, and rolls back.
    ///   - mayCreate: makes the database if there is none.
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
        // Before a long file is read for nothing.
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
                // It is kept, in the WAL, which the next start copies.
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
            // For the log of a daemon, which is not here.
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

    /// What a rule throws comes from storage: rows are checked before they are written.
    private func rule<Value>(
        _ store: SQLiteWriteTransaction, _ body: () throws(RPCError) -> Value
    ) throws(ImportError) -> Value {
        do throws(RPCError) { return try body() } catch {
            throw .storage(store.failure ?? StorageError(.misuse, error.message), isOutcomeUnknown: false)
        }
    }
}

/// Rules of an import ask for none.
private struct NoFigures: MetricsSource {
    func report() -> GetMetrics.Response { .blank }
}
