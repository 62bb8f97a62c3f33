package import LifecycleCore

/// Lists of projects, their totals, and the audit.
extension SQLiteReadTransaction {
    package func projects(
        _ filter: ProjectFilter, after cursor: ProjectID?, limit: Int
    ) throws(StorageError) -> [Project] {
        let list = try prepared(ListSQL.page(filter, hasCursor: cursor != nil))
        bind(filter, to: list)
        list.bind(4, cursor)
        list.bind(5, Int64(limit))
        return try list.all { row throws(StorageError) in try ProjectRow.read(row).project }
    }

    /// Uses the totals that are kept for each user, unless the filter has a time. With a time the projects are added
    /// up.
    package func totals(_ filter: ProjectFilter) throws(StorageError) -> Totals {
        let isKept = filter.createdAfter == nil && filter.createdBefore == nil && filter.dueBefore == nil
        let list = try prepared(isKept ? ListSQL.keptTotals(filter) : ListSQL.summedTotals(filter))
        bind(filter, to: list)
        var totals = Totals()
        _ = try list.first { row throws(StorageError) in
            for (index, status) in Status.allCases.enumerated() where filter.includes(status) {
                let column = Int32(3 * index)
                totals[status] = .init(count: row.integer(column), credits: row.sum(column + 1))
            }
            totals.completedMilliseconds = filter.includes(.completed) ? row.sum(12) : 0
        }
        return totals
    }

    package func audit() throws(StorageError) -> AuditReport {
        let findings = try database.auditFindings()
        let checked = try database.integer(
            """
            SELECT (SELECT count(*) FROM account) + (SELECT count(*) FROM project) + (SELECT count(*) FROM entry)
            """)
        return AuditReport(checked: checked ?? 0, findings: findings)
    }

    private func bind(_ filter: ProjectFilter, to list: Statement) {
        if let userId = filter.userId { list.bind(1, userId) }
        if let after = filter.createdAfter { list.bind(2, after) }
        if let before = filter.createdBefore { list.bind(3, before) }
        if let before = filter.dueBefore { list.bind(6, before) }
    }
}

extension Statement {
    /// The exact sum whose upper and lower half are in this column and the next. A sum that does not fit into 64 bits
    /// becomes the greatest or least 64-bit number.
    fileprivate func sum(_ column: Int32) -> Int64 {
        let sum = Int128(integer(column)) << 32 + Int128(integer(column + 1))
        return Int64(clamping: sum)
    }
}

extension ProjectFilter {
    func includes(_ status: Status) -> Bool { statuses?.contains(status) ?? true }
}

/// The SQL texts of lists. ?1 = user, ?2 and ?3 = time, ?4 = cursor, ?5 = limit, ?6 = deadline.
private enum ListSQL {
    /// One search per status, merged by age. Each search uses an index and reads only the rows of the page.
    static func page(_ filter: ProjectFilter, hasCursor: Bool) -> String {
        var common = conditions(filter)
        if hasCursor { common.append("p.row < (SELECT row FROM project WHERE id = ?4)") }
        let byStatus: [String]
        if let statuses = filter.statuses {
            byStatus = statuses.map { "p.status = '\($0.rawValue)'" }
        } else if filter.userId != nil {
            byStatus = Status.allCases.map { "p.status = '\($0.rawValue)'" }
        } else {
            byStatus = []
        }
        let searches =
            byStatus.isEmpty ? [search(common)] : byStatus.map { search(common + [$0]) }
        return searches.joined(separator: " UNION ALL ") + " ORDER BY 1 DESC LIMIT ?5"
    }

    static func keptTotals(_ filter: ProjectFilter) -> String {
        let columns = Status.allCases.map { "total(\($0.rawValue)), \(exactSum("\($0.rawValue)Credits"))" }
        return """
            SELECT \(columns.joined(separator: ", ")), \(exactSum("completedTime"))
            FROM account\(filter.userId == nil ? "" : " WHERE userId = ?1")
            """
    }

    static func summedTotals(_ filter: ProjectFilter) -> String {
        let columns = Status.allCases.map { status in
            let isIn = "status = '\(status.rawValue)'"
            return "total(\(isIn)), \(exactSum("iif(\(isIn), credits, 0)"))"
        }
        // Failed projects count with what the ledger gave back. LIMIT -1 keeps SQLite from looking this up for each
        // column.
        return """
            SELECT \(columns.joined(separator: ", ")), \(exactSum("time"))
            FROM (
                SELECT p.status, iif(p.status = 'failed', \(ProjectRow.refunded("p")), p.credits) AS credits,
                    iif(p.status = 'completed', max(p.finishedAt - p.createdAt, 0), 0) AS time
                FROM project AS p WHERE \(conditions(filter).joined(separator: " AND ")) LIMIT -1
            )
            """
    }

    /// Two columns, the upper and the lower half of the sum, which `Statement.sum` puts together. `sum` alone fails
    /// when it overflows, and `total` is not exact above 2^53. The numbers of projects stay far below that.
    private static func exactSum(_ value: String) -> String {
        "sum((\(value)) >> 32), sum((\(value)) & 4294967295)"
    }

    private static func search(_ conditions: [String]) -> String {
        ProjectRow.select + (conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND "))
    }

    private static func conditions(_ filter: ProjectFilter) -> [String] {
        var conditions: [String] = []
        if filter.userId != nil { conditions.append("p.account = (SELECT id FROM account WHERE userId = ?1)") }
        if filter.createdAfter != nil { conditions.append("p.createdAt >= ?2") }
        if filter.createdBefore != nil { conditions.append("p.createdAt < ?3") }
        if filter.dueBefore != nil {
            conditions.append("p.row IN (SELECT row FROM project INDEXED BY projectByDeadline WHERE deadline < ?6)")
        }
        return conditions
    }
}
