/// The product's SQL files, built into the binary.
package enum Schema {
    /// By number. A released migration never changes; the next one is added below it.
    package static let migrations: [(version: Int, sql: String)] = [
        (1, String(decoding: PackageResources.v1_initial_sql, as: UTF8.self)),
        (2, String(decoding: PackageResources.v2_guards_sql, as: UTF8.self)),
        (3, String(decoding: PackageResources.v3_clocks_sql, as: UTF8.self) + "\n" + guards),
    ]

    /// All triggers, whichever of them there are: they can be put back by it.
    static let guards = String(decoding: PackageResources.v3_guards_sql, as: UTF8.self)

    /// Of the schema that all of them make, so that a start need not make it to compare: `SchemaTests` says what it is.
    static let digest: UInt64 = 0x32dc_1d11_8199_2c48

    /// What the first of these calls a file that is not whole; it looks at each index beside its table.
    static let damage = "damage"

    /// The statements of `audit.sql`, each of which returns what is wrong as (check, subject, detail).
    static let audit: [String] = String(decoding: PackageResources.audit_sql, as: UTF8.self)
        .split(separator: ";\n").map(String.init).filter { $0.contains("SELECT") }
}
