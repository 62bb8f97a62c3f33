package import LifecycleCore

/// What an import did, or would do.
package struct ImportSummary: Sendable, Equatable {
    /// The path of what was imported into.
    package var database = ""
    /// It was made for this.
    package var databaseIsNew = false
    /// Nothing was kept.
    package var dryRun = false
    /// Rows of the file, its header not counted.
    package var rows: Int64 = 0
    package var written: Int64 = 0
    /// An earlier run wrote these, and they were left alone.
    package var alreadyImported: Int64 = 0
    /// Users whom the ledger did not know.
    package var users: Int64 = 0
    /// To users as their balance, or with projects for what these cost.
    package var creditsGranted: Int64 = 0

    package var byStatus = Statistics.StatusCounts.blank
    package var creditsCaptured: Int64 = 0
    package var creditsRefunded: Int64 = 0
    /// Of the unfinished ones: what will be refunded unless a pipeline still reports.
    package var creditsHeld: Int64 = 0
    /// By then.
    package var lastDeadline: Timestamp?
    /// Unfinished ones whose deadline is over, and their credits: the daemon fails and refunds them when it starts.
    package var overdue: Int64 = 0
    package var creditsOverdue: Int64 = 0
    /// Error messages of projects that have not failed.
    package var messagesLeftOut: Int64 = 0
    package var ignoredColumns: [String] = []

    package init() {}

    /// Saturating: a user has less than 2^53 credits, many users may have more.
    mutating func add(_ total: WritableKeyPath<Self, Int64>, _ credits: Int64) {
        let (sum, overflow) = self[keyPath: total].addingReportingOverflow(credits)
        self[keyPath: total] = overflow ? .max : sum
    }

    mutating func count(_ project: ImportedProject, deadline: Timestamp?, now: Timestamp) {
        if project.errorMessage != nil, project.status != .failed { messagesLeftOut += 1 }
        switch project.status {
        case .pending: byStatus.pending += 1
        case .processing: byStatus.processing += 1
        case .completed:
            byStatus.completed += 1
            add(\.creditsCaptured, project.creditsUsed)
        case .failed:
            byStatus.failed += 1
            add(\.creditsRefunded, project.creditsUsed)
        }
        guard let deadline else { return }
        add(\.creditsHeld, project.creditsUsed)
        lastDeadline = max(lastDeadline ?? deadline, deadline)
        guard deadline <= now else { return }
        overdue += 1
        add(\.creditsOverdue, project.creditsUsed)
    }
}

extension ImportSummary: Message {
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("database", &database, "The path of what was imported into.")
        try fields.required("databaseIsNew", &databaseIsNew, "It was made for this.")
        try fields.required("dryRun", &dryRun, "Nothing was kept.")
        try fields.required("rows", &rows, "Rows of the file.")
        try fields.required("written", &written, "Rows that were written.")
        try fields.required("alreadyImported", &alreadyImported, "Rows that an earlier run wrote.")
        try fields.required("users", &users, "Users whom the ledger did not know.")
        try fields.required("creditsGranted", &creditsGranted, "As balances, or with projects for what these cost.")
        try fields.required("byStatus", &byStatus, "Projects in each status.")
        try fields.required("creditsCaptured", &creditsCaptured, "Of the completed ones.")
        try fields.required("creditsRefunded", &creditsRefunded, "Of the failed ones.")
        try fields.required("creditsHeld", &creditsHeld, "Of the unfinished ones: refunded unless a pipeline reports.")
        try fields.optional("lastDeadline", &lastDeadline, "By when.")
        try fields.required("overdue", &overdue, "Unfinished ones that are failed when the daemon starts.")
        try fields.required("creditsOverdue", &creditsOverdue, "What is refunded then.")
        try fields.required("messagesLeftOut", &messagesLeftOut, "Error messages of projects that have not failed.")
        try fields.required("ignoredColumns", &ignoredColumns, "Columns of the file that nothing was taken from.")
    }
}
