internal import LifecycleCore

/// The columns of a project, their order, and how a project is read from them.
enum ProjectRow {
    /// The credits that a project got back according to the ledger, so that no refund is reported that was not made.
    /// Only a failed project has an errorCode, because of a CHECK. For other projects the lookup is left out: a trigger
    /// refuses their refunds, and the lookup would make each read a sixth slower. The list of kinds repeats the
    /// condition of the index, because SQLite would not use the index without it.
    static func refunded(_ project: String) -> String {
        """
        iif(\(project).errorCode IS NULL, 0, ifnull((
            SELECT credits FROM entry
            WHERE project = \(project).row AND kind IN ('capture', 'refund') AND kind = 'refund'
        ), 0))
        """
    }

    static let select = """
        SELECT p.row, p.account, p.id, a.userId, p.status, p.credits, p.externalId, p.name, p.errorCode, p.errorMessage,
            p.createdAt, p.updatedAt, p.startedAt, p.finishedAt, p.deadline, p.metadata, p.startTimeout, p.lease,
            p.maxRuntime, p.hadExternalId, p.refusedReports, p.progress, p.message, p.cancelRequested, p.detached,
            p.retryOf, p.trimmedAt, \(refunded("p")), p.runtimeEnd, p.pausedTime,
            p.pausedUntil
        FROM project AS p JOIN account AS a ON a.id = p.account
        """

    /// - Throws: `.corrupt` for values that the schema does not allow.
    static func read(_ row: Statement) throws(StorageError) -> StoredProject {
        guard let id = row.projectID(2), let status = Status(rawValue: row.text(4)) else {
            throw StorageError(.corrupt, "project row \(row.integer(0)) holds a malformed id or status")
        }
        return StoredProject(
            row: row.integer(0), account: row.integer(1),
            project: Project(
                projectId: id, userId: row.text(3), status: status, creditsUsed: row.integer(5),
                creditsRefunded: status == .failed ? row.integer(27) : 0, externalId: row.optionalText(6),
                name: row.optionalText(7), errorCode: row.optionalText(8), errorMessage: row.optionalText(9),
                progress: row.optionalDouble(21), message: row.optionalText(22),
                cancelRequested: row.integer(23) != 0,
                createdAt: Timestamp(milliseconds: row.integer(10)),
                updatedAt: Timestamp(milliseconds: row.integer(11)),
                startedAt: row.optionalTime(12), finishedAt: row.optionalTime(13), deadline: row.optionalTime(14),
                pausedUntil: row.optionalTime(30), retryOf: row.projectID(25),
                metadata: row.optionalText(15).map { Metadata(text: Array($0.utf8)) }),
            terms: Terms(
                startTimeout: row.optionalInteger(16), lease: row.optionalInteger(17),
                maximumRuntime: row.optionalInteger(18)),
            hadExternalID: row.integer(19) != 0, refusedReports: row.integer(20), isDetached: row.integer(24) != 0,
            trimmedAt: row.optionalTime(26), runtimeEnd: row.optionalTime(28), pausedTime: row.integer(29))
    }
}

/// The columns of an entry, and how an entry is read from them.
enum EntryRow {
    static let select = """
        SELECT e.id, e.kind, e.credits, e.at, p.id, e.reason
        FROM entry AS e LEFT JOIN project AS p ON p.row = e.project
        """

    static func read(_ row: Statement) throws(StorageError) -> Entry {
        guard let kind = Entry.Kind(rawValue: row.text(1)) else {
            throw StorageError(.corrupt, "entry \(row.integer(0)) has an unknown kind")
        }
        return Entry(
            entryId: row.integer(0), kind: kind, credits: row.integer(2), at: Timestamp(milliseconds: row.integer(3)),
            projectId: row.projectID(4), reason: row.optionalText(5))
    }
}

extension Statement {
    /// The id in 16 bytes in network order; `nil` if the length differs.
    func projectID(_ column: Int32) -> ProjectID? {
        withBytes(column) { bytes in
            guard bytes.count == 16 else { return nil }
            return ProjectID(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    func bind(_ index: Int32, _ id: ProjectID) {
        withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { bind(index, blob: $0) }
    }

    func bind(_ index: Int32, _ id: ProjectID?) {
        if let id { bind(index, id) } else { bindNull(index) }
    }

    func optionalTime(_ column: Int32) -> Timestamp? {
        optionalInteger(column).map(Timestamp.init(milliseconds:))
    }

    func bind(_ index: Int32, _ time: Timestamp) { bind(index, time.milliseconds) }
    func bind(_ index: Int32, _ time: Timestamp?) { bind(index, time?.milliseconds) }
}
