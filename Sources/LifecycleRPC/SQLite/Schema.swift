/// The product's SQL files, built into the binary.
enum Schema {
    /// By number. A released migration never changes; the next one is added below it.
    static let migrations: [(version: Int, sql: String)] = [
        (1, String(decoding: PackageResources.v1_initial_sql, as: UTF8.self)),
        (2, String(decoding: PackageResources.v2_clocks_sql, as: UTF8.self)),
    ]

    /// The statements of `audit.sql`, each of which returns what is wrong as (check, subject, detail).
    static let audit: [String] = String(decoding: PackageResources.audit_sql, as: UTF8.self)
        .split(separator: ";\n").map(String.init).filter { $0.contains("SELECT") }
}
