/// A project with what only the rules need of it.
package struct StoredProject: Sendable {
    package let row: Int64
    package let account: Int64
    package var project: Project
    package let terms: Terms
    /// Whether `externalId` was given at creation and not recorded later: a repeated create must say the same again.
    package let hadExternalID: Bool
    /// How many contradicting reports came after the verdict.
    package var refusedReports: Int64
    /// The connection that held its lease has ended: its deadline is the end of the detach grace.
    package var isDetached: Bool
    /// When retention removed its history.
    package var trimmedAt: Timestamp?
    /// When its runtime ends, where that is earlier than its terms say, as the clock was set back.
    package var runtimeEnd: Timestamp?
    /// Milliseconds by which pauses have put off the end of its runtime.
    package var pausedTime: Int64
    /// How many seconds the pause was asked for that it is in. Known in a transaction that may write.
    package var pauseLength: Int64?

    package init(
        row: Int64, account: Int64, project: Project, terms: Terms, hadExternalID: Bool, refusedReports: Int64,
        isDetached: Bool = false, trimmedAt: Timestamp? = nil, runtimeEnd: Timestamp? = nil, pausedTime: Int64 = 0,
        pauseLength: Int64? = nil
    ) {
        self.row = row
        self.account = account
        self.project = project
        self.terms = terms
        self.hadExternalID = hadExternalID
        self.refusedReports = refusedReports
        self.isDetached = isDetached
        self.trimmedAt = trimmedAt
        self.runtimeEnd = runtimeEnd
        self.pausedTime = pausedTime
        self.pauseLength = pauseLength
    }
}

extension StoredProject {
    /// As it is after its creation.
    package init(_ new: NewProject, row: Int64, at now: Timestamp) {
        self.init(
            row: row, account: new.account.row,
            project: Project(
                projectId: new.projectId, userId: new.account.balance.userId, status: .pending,
                creditsUsed: new.credits, creditsRefunded: 0, externalId: new.externalId, name: new.name,
                createdAt: now, updatedAt: now, deadline: new.deadline, retryOf: new.retryOf, metadata: new.metadata),
            terms: new.terms, hadExternalID: new.externalId != nil, refusedReports: 0)
    }
}

/// A user's account. `available + held + captured = granted`, always.
package struct Account: Sendable, Equatable {
    package let row: Int64
    package var balance: Balance
    /// Grants and adjustments so far.
    package var granted: Int64

    package init(row: Int64, balance: Balance, granted: Int64) {
        self.row = row
        self.balance = balance
        self.granted = granted
    }
}

/// A project to be created.
package struct NewProject: Sendable {
    package var projectId: ProjectID
    package var account: Account
    package var credits: Int64
    package var idempotencyKey: String?
    package var externalId: String?
    package var name: String?
    package var metadata: Metadata?
    package var terms: Terms
    package var deadline: Timestamp?
    package var retryOf: ProjectID?
}

extension NewProject {
    /// A project of an import: it has its external id from the beginning.
    package init(
        imported externalId: String, as projectId: ProjectID, account: Account, credits: Int64, key: String,
        terms: Terms, deadline: Timestamp?
    ) {
        self.init(
            projectId: projectId, account: account, credits: credits, idempotencyKey: key, externalId: externalId,
            terms: terms, deadline: deadline)
    }
}

/// What a heartbeat says of its project.
package struct Beat: Sendable, Equatable {
    /// nil: as before.
    package var progress: Double?
    /// nil: as before.
    package var message: String?
    package var deadline: Timestamp?
    package var at: Timestamp

    package init(progress: Double?, message: String?, deadline: Timestamp?, at: Timestamp) {
        self.progress = progress
        self.message = message
        self.deadline = deadline
        self.at = at
    }
}

/// A grant or an adjustment to be written.
package struct NewEntry: Sendable {
    package var account: Account
    package var kind: Entry.Kind
    package var credits: Int64
    package var reason: String
    package var idempotencyKey: String?

    package init(account: Account, kind: Entry.Kind, credits: Int64, reason: String, idempotencyKey: String? = nil) {
        self.account = account
        self.kind = kind
        self.credits = credits
        self.reason = reason
        self.idempotencyKey = idempotencyKey
    }
}

/// A line of history to be written; when and by whom comes with it.
package struct NewEvent: Sendable {
    package let kind: Event.Kind
    package let account: Int64
    package let userId: String
    package let project: (row: Int64, id: ProjectID)?
    /// What it is about: the project's price, or the amount granted.
    package let credits: Int64
    package let detail: String?
    /// Why a project failed; the project itself keeps it, this is for the log.
    package let errorCode: String?

    package init(_ kind: Event.Kind, of stored: StoredProject, detail: String? = nil, errorCode: String? = nil) {
        self.kind = kind
        account = stored.account
        userId = stored.project.userId
        project = (stored.row, stored.project.projectId)
        credits = stored.project.creditsUsed
        self.detail = detail
        self.errorCode = errorCode
    }

    package init(_ kind: Event.Kind, of account: Account, credits: Int64, detail: String) {
        self.kind = kind
        self.account = account.row
        userId = account.balance.userId
        project = nil
        self.credits = credits
        self.detail = detail
        errorCode = nil
    }
}

/// The first verdict.
package enum Verdict: Sendable {
    case completed
    case failed(code: String, message: String)

    package var status: Status {
        switch self {
        case .completed: .completed
        case .failed: .failed
        }
    }
}

/// Which projects a list is about.
package struct ProjectFilter: Sendable {
    package var userId: String?
    /// nil: any.
    package var statuses: [Status]?
    /// At this time or later.
    package var createdAfter: Timestamp?
    /// Before this time.
    package var createdBefore: Timestamp?
    /// Unfinished, and its deadline is before this time.
    package var dueBefore: Timestamp?

    package init(
        userId: String? = nil, statuses: [Status]? = nil, createdAfter: Timestamp? = nil,
        createdBefore: Timestamp? = nil, dueBefore: Timestamp? = nil
    ) {
        self.userId = userId
        self.statuses = statuses
        self.createdAfter = createdAfter
        self.createdBefore = createdBefore
        self.dueBefore = dueBefore
    }
}

/// What audit looked at and what it found.
package struct AuditReport: Sendable {
    package var checked: Int64
    package var findings: [Finding]

    package init(checked: Int64, findings: [Finding]) {
        self.checked = checked
        self.findings = findings
    }

    package struct Finding: Sendable, Equatable {
        package var check: String
        package var subject: String
        package var detail: String

        package init(check: String, subject: String, detail: String) {
            self.check = check
            self.subject = subject
            self.detail = detail
        }
    }
}

/// The result of the request that used an idempotency key.
package enum EarlierRequest: Sendable {
    case project(StoredProject)
    case entry(Entry)
}
