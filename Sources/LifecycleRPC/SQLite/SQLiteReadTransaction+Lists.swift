internal import LifecycleCore

/// Lists, their figures, and the audit.
extension SQLiteReadTransaction {
    func projects(
        _ filter: ProjectFilter, after cursor: ProjectID?, limit: Int
    ) throws(RPCError) -> [Project] {
        try reporting { () throws(StorageError) in
            try touch(user: filter.userId)
            let list = try prepared(ListSQL.page(filter, hasCursor: cursor != nil))
            bind(filter, to: list)
            list.bind(4, cursor)
            list.bind(5, Int64(limit))
            return try list.all { row throws(StorageError) in try ProjectRow.read(row).project }
        }
    }

    /// `total` and not `sum`, which fails where it overflows. Kept per user, so that no project is touched, unless the filter asks for a stretch of time.
    func totals(_ filter: ProjectFilter) throws(RPCError) -> Totals {
        try reporting { () throws(StorageError) in
            try touch(user: filter.userId)
            let isKept = filter.createdAfter == nil && filter.createdBefore == nil && filter.dueBefore == nil
            let list = try prepared(isKept ? ListSQL.keptTotals(filter) : ListSQL.summedTotals(filter))
            bind(filter, to: list)
            var totals = Totals()
            _ = try list.first { row throws(StorageError) in
                for (index, status) in Status.allCases.enumerated() where filter.includes(status) {
                    totals[status] = .init(
                        count: row.integer(Int32(2 * index)), credits: row.integer(Int32(2 * index + 1)))
                }
                totals.completedMilliseconds = filter.includes(.completed) ? row.integer(8) : 0
            }
            return totals
        }
    }

    func audit() throws(RPCError) -> AuditReport {
        try reporting { () throws(StorageError) in
            let findings = try database.auditFindings()
            let checked = try database.integer(
                """
                SELECT (SELECT count(*) FROM account) + (SELECT count(*) FROM project) + (SELECT count(*) FROM entry)
                """)
            return AuditReport(checked: checked ?? 0, findings: findings)
        }
    }

    private func bind(_ filter: ProjectFilter, to list: Statement) {
        if let userId = filter.userId { list.bind(1, userId) }
        if let after = filter.createdAfter { list.bind(2, after) }
        if let before = filter.createdBefore { list.bind(3, before) }
        if let before = filter.dueBefore { list.bind(6, before) }
    }
}

extension ProjectFilter {
    func includes(_ status: Status) -> Bool { statuses?.contains(status) ?? true }
}

/// The texts of lists. ?1 user, ?2 and ?3 time, ?4 cursor, ?5 limit, ?6 deadline.
private enum ListSQL {
    /// One search a status, merged by age: each goes along an index to the rows of the page and no further.
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
        """
        SELECT total(pending), total(pendingCredits), total(processing), total(processingCredits), total(completed),
            total(completedCredits), total(failed), total(failedCredits), total(completedTime)
        FROM account\(filter.userId == nil ? "" : " WHERE userId = ?1")
        """
    }

    static func summedTotals(_ filter: ProjectFilter) -> String {
        let columns = Status.allCases.map { status in
            // What failed counts by what the ledger gave back.
            let credits = status == .failed ? ProjectRow.refunded("p") : "p.credits"
            return "total(p.status = '\(status.rawValue)'), total(iif(p.status = '\(status.rawValue)', \(credits), 0))"
        }
        return """
            SELECT \(columns.joined(separator: ", ")),
                total(iif(p.status = 'completed', max(p.finishedAt - p.createdAt, 0), 0))
            FROM project AS p WHERE \(conditions(filter).joined(separator: " AND "))
            """
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
