internal import LifecycleCore

/// What the ledger should do, written down a second time and as simply as possible: arrays, and a loop over them for
/// every question. Uses the product's message types, none of its rules.
struct ModelLedger {
    typealias Bytes = [UInt8]

    struct Project {
        var id: ProjectID?
        var user: String
        var credits: Int64
        var externalId: String?
        var createdWith: CreateProject
        var status = Status.pending
        var createdAt: Int64
        var updatedAt: Int64
        var startedAt: Int64?
        var finishedAt: Int64?
        var deadline: Int64?
        /// Earlier than its terms say, as the clock was set back.
        var runtimeEnd: Int64?
        var pausedUntil: Int64?
        /// In seconds, as it was asked for.
        var pauseLength: Int64 = 0
        /// By which its runtime ends later, in milliseconds.
        var pausedTime: Int64 = 0
        var errorCode: String?
        var errorMessage: String?
        var refusedReports: Int64 = 0
        var progress: Double?
        var message: String?
        var cancelRequested = false
        var retryOf: Int?
    }

    struct Entry {
        var kind: LifecycleCore.Entry.Kind
        var user: String
        var credits: Int64
        var at: Int64
        var project: Int?
        var reason: String?
    }

    struct Event {
        var kind: LifecycleCore.Event.Kind
        var user: String
        var project: Int?
        var at: Int64
        var isByDaemon = false
        var detail: String?
    }

    /// An error's code, and its fields but for free text.
    struct Refusal: Error, Equatable {
        var code: Int64
        var fields: [String: RPCError.Field.Value]

        init(_ code: Int64, _ fields: [String: RPCError.Field.Value] = [:]) {
            self.code = code
            self.fields = fields
        }

        init(_ error: RPCError) {
            self.init(error.kind.code, error.namedFields.filter { $0.key != "reason" })
        }
    }

    enum Use {
        case project(Int)
        case entry(Int)
    }

    let limits: Limits
    var now: Int64
    /// Since when the daemon and its clock run steadily.
    var resumedAt: Int64
    var projects: [Project] = []
    var entries: [Entry] = []
    var events: [Event] = []
    var uses: [(user: String, key: String, use: Use)] = []
    /// In the order of their accounts.
    var users: [String] = []

    init(limits: Limits, now: Int64) {
        self.limits = limits
        self.now = now
        resumedAt = now
    }

    // MARK: Money, always added up from the entries

    func available(_ user: String) -> Int64 {
        entries.filter { same($0.user, user) }.reduce(0) { sum, entry in
            switch entry.kind {
            case .grant, .adjustment, .refund: sum + entry.credits
            case .charge: sum - entry.credits
            case .capture: sum
            }
        }
    }

    func held(_ user: String) -> Int64 {
        entries.filter { same($0.user, user) }.reduce(0) { sum, entry in
            switch entry.kind {
            case .charge: sum + entry.credits
            case .capture, .refund: sum - entry.credits
            case .grant, .adjustment: sum
            }
        }
    }

    func granted(_ user: String) -> Int64 {
        entries.filter { same($0.user, user) && ($0.kind == .grant || $0.kind == .adjustment) }
            .reduce(0) { $0 + $1.credits }
    }

    func balance(_ user: String) -> Balance { Balance(userId: user, available: available(user), held: held(user)) }

    // MARK: Looking up

    func same(_ a: String?, _ b: String?) -> Bool { a.map { Array($0.utf8) } == b.map { Array($0.utf8) } }

    func index(projectId: ProjectID?, externalId: String?) throws(Refusal) -> Int {
        let index =
            if let projectId {
                projects.firstIndex { $0.id == projectId }
            } else {
                projects.firstIndex { $0.externalId != nil && same($0.externalId, externalId) }
            }
        guard let index else { throw Refusal(1001) }
        return index
    }

    func use(_ user: String, _ key: String?) -> Use? {
        uses.first { key != nil && same($0.user, user) && same($0.key, key) }?.use
    }

    mutating func meet(_ user: String) {
        if !users.contains(where: { same($0, user) }) { users.append(user) }
    }

    func shown(_ index: Int) -> LifecycleCore.Project {
        let project = projects[index]
        func time(_ milliseconds: Int64?) -> Timestamp? { milliseconds.map { Timestamp(milliseconds: $0) } }
        return LifecycleCore.Project(
            projectId: project.id ?? .blank, userId: project.user, status: project.status, creditsUsed: project.credits,
            creditsRefunded: project.status == .failed ? project.credits : 0, externalId: project.externalId,
            name: project.createdWith.name, errorCode: project.errorCode, errorMessage: project.errorMessage,
            progress: project.progress, message: project.message, cancelRequested: project.cancelRequested,
            createdAt: Timestamp(milliseconds: project.createdAt),
            updatedAt: Timestamp(milliseconds: project.updatedAt),
            startedAt: time(project.startedAt), finishedAt: time(project.finishedAt), deadline: time(project.deadline),
            pausedUntil: time(project.pausedUntil), retryOf: project.retryOf.flatMap { projects[$0].id },
            metadata: project.createdWith.metadata)
    }
}
