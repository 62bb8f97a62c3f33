/// The product's SQL files, built into the binary.
package enum Schema {
    /// In ascending order. A released migration never changes. New ones are added at the end.
    package static let migrations: [(version: Int, sql: String)] = [
        (1, String(decoding: PackageResources.v1_initial_sql, as: UTF8.self)),
        (2, String(decoding: PackageResources.v2_guards_sql, as: UTF8.self)),
        (3, String(decoding: PackageResources.v3_clocks_sql, as: UTF8.self) + "\n" + guards),
    ]

    /// Creates all triggers, even if some of them exist. It can restore missing ones.
    static let guards = String(decoding: PackageResources.v3_guards_sql, as: UTF8.self)

    /// The digest of the schema after all migrations, so that a start need not build it in memory to compare. A change
    /// of the schema changes it, and `SchemaTests` shows the new value.
    static let digest: UInt64 = 0x32dc_1d11_8199_2c48

    /// The name of the first check of `audit.sql`, which finds a damaged file. It also compares each index with its
    /// table.
    static let damage = "damage"

    /// The statements of `audit.sql`. Each returns its findings as rows of (check, subject, detail).
    static let audit: [String] = String(decoding: PackageResources.audit_sql, as: UTF8.self)
        .split(separator: ";\n").map(String.init).filter { $0.contains("SELECT") }
}
