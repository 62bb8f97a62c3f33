package import LifecycleCore

/// The result of an import or of a dry run.
package struct ImportSummary: Sendable, Equatable {
    /// The path of the database.
    package var database = ""
    /// The database was created by the import.
    package var databaseIsNew = false
    /// Nothing was kept.
    package var dryRun = false
    /// The number of rows in the file without its header.
    package var rows: Int64 = 0
    package var written: Int64 = 0
    /// The number of rows that an earlier import had written. They were skipped.
    package var alreadyImported: Int64 = 0
    /// The number of new users.
    package var users: Int64 = 0
    /// As balances of users, or for the prices of projects.
    package var creditsGranted: Int64 = 0

    package var byStatus = Statistics.StatusCounts.blank
    package var creditsCaptured: Int64 = 0
    package var creditsRefunded: Int64 = 0
    /// The prices of unfinished projects, which are refunded unless a pipeline reports.
    package var creditsHeld: Int64 = 0
    /// The last deadline of an unfinished project.
    package var lastDeadline: Timestamp?
    /// The number of overdue projects and their credits. The daemon fails and refunds them when it starts.
    package var overdue: Int64 = 0
    package var creditsOverdue: Int64 = 0
    /// The number of error messages of projects that have not failed. They were not imported.
    package var messagesLeftOut: Int64 = 0
    package var ignoredColumns: [String] = []

    package init() {}

    /// Saturates, because many users together may have more than 2^63 credits.
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
        try fields.required("database", &database, "The path of the database.")
        try fields.required("databaseIsNew", &databaseIsNew, "Whether the database was created by the import.")
        try fields.required("dryRun", &dryRun, "Whether nothing was kept.")
        try fields.required("rows", &rows, "Rows in the file.")
        try fields.required("written", &written, "Rows that were written.")
        try fields.required("alreadyImported", &alreadyImported, "Rows that an earlier import had written.")
        try fields.required("users", &users, "New users.")
        try fields.required("creditsGranted", &creditsGranted, "Credits as balances, or for the prices of projects.")
        try fields.required("byStatus", &byStatus, "Projects in each status.")
        try fields.required("creditsCaptured", &creditsCaptured, "Credits of completed projects.")
        try fields.required("creditsRefunded", &creditsRefunded, "Credits of failed projects.")
        try fields.required(
            "creditsHeld", &creditsHeld, "Credits of unfinished projects, refunded unless a pipeline reports.")
        try fields.optional("lastDeadline", &lastDeadline, "The last deadline of an unfinished project.")
        try fields.required("overdue", &overdue, "Overdue projects, which fail when the daemon starts.")
        try fields.required("creditsOverdue", &creditsOverdue, "Credits of overdue projects.")
        try fields.required(
            "messagesLeftOut", &messagesLeftOut, "Error messages of projects that have not failed, not imported.")
        try fields.required("ignoredColumns", &ignoredColumns, "Columns of the file that are not imported.")
    }
}
