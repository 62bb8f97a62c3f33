internal import LifecycleCore
internal import LifecycleRPC
internal import LifecycleSQLite
internal import TestSupport

/// A ledger that files are imported into while its daemon is away.
struct ImportHarness {
    let ledger: LedgerHarness
    static let projectColumns = "id,userId,status,creditsUsed,errorMessage,createdAt,updatedAt\n"

    init(_ limits: Limits = Limits()) throws { ledger = try LedgerHarness(limits) }

    /// Stops the daemon, imports, and leaves it stopped.
    func run(
        _ table: Importer.Table, _ text: String, dryRun: Bool = false, interruptedAtRow: Int? = nil
    ) async throws(ImportError) -> ImportSummary {
        await ledger.close()
        let path = ledger.folder.file("import.csv")
        try? ledger.folder.write(Array(text.utf8), to: path)
        var rows = 0
        let importer = Importer(
            limits: ledger.limits, now: Timestamp(milliseconds: ledger.now),
            isInterrupted: {
                rows += 1
                return rows == interruptedAtRow
            })
        let end = ContinuousClock.now + .seconds(300)
        while true {
            do throws(ImportError) {
                return try importer.run(
                    table, from: ImportFile(path), into: ledger.folder.database, dryRun: dryRun, mayCreate: true)
            } catch {
                // A process that another test starts at this moment has a copy of the lock until it runs its program.
                guard case .database(let cause) = error, cause.kind == .locked, ContinuousClock.now < end else {
                    throw error
                }
                await Task.yield()
            }
        }
    }

    /// What is wrong with a file: `line field: reason`.
    func errors(_ table: Importer.Table, _ text: String) async throws -> [String] {
        do throws(ImportError) {
            _ = try await run(table, text)
            return []
        } catch {
            guard case .rows(let errors, _) = error else { throw error }
            return errors.first.map { "\($0.line) \($0)" }
        }
    }

    /// All rows of the ledger's tables, which must be closed.
    func dump() throws -> [String] {
        let database = try RawDatabase(ledger.folder.database)
        defer { database.close() }
        return try database.dump()
    }
}
