package import LifecycleCore

/// Migrates a database to the newest schema.
package enum Migrator {
    /// Runs the migrations above the `user_version` of the file in one transaction, and sets it to the number of the
    /// last one.
    /// - Parameter migrations: in ascending order of their versions, from 1. Their texts contain no BEGIN or COMMIT.
    /// - Returns: the versions before and after. If they are equal, nothing was written.
    /// - Throws: `.newerSchema` for a database of a newer program, `.corrupt` if the schema is not what its migrations
    ///   made. In both cases the file is unchanged.
    @discardableResult
    package static func run(
        _ migrations: [(version: Int, sql: String)], on database: Database
    ) throws(StorageError) -> (from: Int, to: Int) {
        let versions = migrations.map(\.version)
        let areRising = zip([0] + versions, versions).allSatisfy { $0 < $1 }
        guard let newest = versions.last, areRising else {
            throw StorageError(.misuse, "migrations must be numbered upwards from 1")
        }

        let current = Int(try database.integer("PRAGMA user_version") ?? 0)
        guard current <= newest else {
            throw StorageError(
                .newerSchema,
                "\(database.path) has schema \(current), but this lifecycled knows only \(newest): install a newer one")
        }
        try database.requireSchema(madeBy: migrations.filter { $0.version <= current })
        guard current < newest else { return (current, current) }

        try database.execute("BEGIN IMMEDIATE")
        do throws(StorageError) {
            for migration in migrations where migration.version > current { try database.execute(migration.sql) }
            try database.execute("PRAGMA user_version = \(newest)")
            try database.execute("COMMIT")
        } catch {
            database.rollBack()
            throw error
        }
        return (current, newest)
    }
}
