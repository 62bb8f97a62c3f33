internal import LifecycleCore
internal import TestSupport

/// Makes operations that often meet each other: few users, keys and ids, small amounts, and everything wrong at times.
struct ModelGenerator {
    var random: SeededRandom
    /// Ask only about this generator's own users, as others are at work in the same ledger.
    let isAlone: Bool
    private var sequence: Int
    private var users: [String] = []

    /// - Parameter sequence: the number that the names of the first sequence follow.
    init(seed: UInt64, isAlone: Bool = true, after sequence: Int = 0) {
        random = SeededRandom(seed: seed)
        self.isAlone = isAlone
        self.sequence = sequence
    }

    /// Users of their own for each sequence; two names differ only in how the é is written.
    mutating func beginSequence() {
        sequence += 1
        users = ["u\(sequence)", "caf\u{E9}\(sequence)", "cafe\u{301}\(sequence)"]
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    mutating func timeStep() -> Int64 {
        if chance(30) { return 0 }
        if chance(3) { return -Int64.random(in: 1...3000, using: &random) }
        if chance(8) { return Int64.random(in: 10_000...120_000, using: &random) }
        return Int64.random(in: 1...2000, using: &random)
    }

    mutating func write(_ model: ModelLedger) -> ModelOperation {
        switch Int.random(in: 0..<100, using: &random) {
        case ..<33: .create(create())
        case ..<65: .update(update(model))
        case ..<73 where isAlone: .beat(beat(model))  // It takes time to be seen.
        case ..<77: .cancel(CancelProject(projectId: projectId(model)))
        case ..<83: .retry(RetryProject(projectId: projectId(model), idempotencyKey: key()))
        case ..<93: .grant(grant())
        default: .adjust(adjust())
        }
    }

    mutating func read(_ model: ModelLedger) -> ModelOperation {
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            let (projectId, externalId) = reference(model)
            return .getStatus(GetStatus(projectId: projectId, externalId: externalId))
        case 1: return .getBalance(GetBalance(userId: user()))
        case 2: return .listEntries(listEntries(model))
        case 3: return .explain(ExplainProject(projectId: projectId(model)))
        default: return .listProjects(listProjects(model))
        }
    }

    // MARK: Requests

    private mutating func create() -> CreateProject {
        var request = CreateProject(userId: user(), credits: amount(), idempotencyKey: key())
        if chance(25) { request.externalId = externalId() }
        if chance(20) { request.name = pick(["", "A film", "caf\u{E9}", "cafe\u{301}"]) }
        if chance(20) { request.metadata = Metadata(text: Array(pick(["{}", #"{"a":1}"#, #"{"é":"\u0000"}"#]).utf8)) }
        if chance(20) { request.startTimeout = seconds() }
        if chance(20) { request.lease = seconds() }
        if chance(20) { request.maxRuntime = seconds() }
        return request
    }

    private mutating func update(_ model: ModelLedger) -> UpdateStatus {
        let (projectId, externalId) = reference(model)
        let status: Status = chance(5) ? .pending : pick([.processing, .processing, .completed, .failed])
        var report = UpdateStatus(projectId: projectId, externalId: externalId, status: status)
        if status == .failed || chance(4) {
            if chance(50) { report.errorMessage = pick(["", "out of memory", "line 1\nline 2\u{0}", "\u{1F4A5}"]) }
            if chance(40) {
                report.errorCode = pick(["crashed", "cancelled", "createFailed", "leaseExpired", "e-1.x"])
            }
        }
        return report
    }

    private mutating func beat(_ model: ModelLedger) -> Heartbeat {
        let (projectId, externalId) = reference(model)
        var beat = Heartbeat(projectId: projectId, externalId: externalId)
        if chance(60) { beat.progress = chance(4) ? pick([-0.1, 1.1]) : pick([0, 0.25, 1]) }
        if chance(40) { beat.message = pick(["", "frame 7", "caf\u{E9}"]) }
        if chance(40) { beat.pause = chance(10) ? pick([0, -1, 301]) : pick([1, 2, 5, 30, 100, 300]) }
        return beat
    }

    private mutating func grant() -> GrantCredits {
        let credits = chance(3) ? pick([-5, 0, 9_007_199_254_740_991]) : Int64.random(in: 1...40, using: &random)
        return GrantCredits(userId: user(), credits: credits, reason: reason(), idempotencyKey: key())
    }

    private mutating func adjust() -> AdjustCredits {
        let credits = chance(3) ? pick([-9_007_199_254_740_991, 9_007_199_254_740_991]) : amount() - 20
        return AdjustCredits(userId: user(), credits: credits, reason: reason(), idempotencyKey: key())
    }

    private mutating func listProjects(_ model: ModelLedger) -> ListProjects {
        var request = ListProjects()
        if chance(60) || !isAlone { request.userId = user() }
        if chance(50) {
            request.status = StatusFilter(Status.allCases.filter { _ in chance(50) })
            if request.status?.statuses.isEmpty == true { request.status = StatusFilter([.failed]) }
        }
        if chance(25) { request.createdAfter = moment(model) }
        if chance(25) { request.createdBefore = moment(model) }
        if chance(70) { request.limit = Int64.random(in: 1...7, using: &random) }
        if chance(30) { request.cursor = projectId(model) }
        if chance(20) { request.dueBefore = deadline(model) }
        if chance(60) { request.includeStats = chance(80) }
        return request
    }

    private mutating func listEntries(_ model: ModelLedger) -> ListEntries {
        var request = ListEntries(userId: user())
        if chance(70) { request.limit = Int64.random(in: 1...7, using: &random) }
        return request
    }

    // MARK: Values

    private mutating func user() -> String { pick(users) }
    private mutating func key() -> String? {
        chance(50) ? pick(["k1", "k2", "k3", "k4", "k\u{E9}", "ke\u{301}"]) : nil
    }
    private mutating func reason() -> String { pick(["top-up", "correction"]) }

    private mutating func externalId() -> String { "\(pick(["x1", "x2", "x3", "\u{E9}", "e\u{301}"]))/\(sequence)" }

    private mutating func seconds() -> Int64 { chance(4) ? pick([0, -1, 3_000_000]) : pick([1, 5, 30, 100]) }

    private mutating func amount() -> Int64 {
        chance(4) ? pick([-1, 101, 1000]) : Int64.random(in: 0...30, using: &random)
    }

    private mutating func projectId(_ model: ModelLedger) -> ProjectID {
        let known = model.projects.suffix(12).compactMap(\.id)
        return known.isEmpty || chance(4) ? ProjectID(high: 0x7000, low: 1 << 63) : pick(known)
    }

    private mutating func reference(_ model: ModelLedger) -> (ProjectID?, String?) {
        switch Int.random(in: 0..<100, using: &random) {
        case ..<60: (projectId(model), nil)
        case ..<80: (nil, externalId())
        case ..<98: (projectId(model), externalId())
        default: (nil, nil)
        }
    }

    private mutating func moment(_ model: ModelLedger) -> Timestamp {
        guard chance(80), !model.projects.isEmpty else { return Timestamp(milliseconds: model.now) }
        return Timestamp(milliseconds: pick(model.projects.suffix(12)).createdAt)
    }

    /// One that a project has, or the next millisecond.
    private mutating func deadline(_ model: ModelLedger) -> Timestamp {
        let deadlines = model.projects.suffix(12).compactMap(\.deadline)
        guard !deadlines.isEmpty else { return moment(model) }
        return Timestamp(milliseconds: pick(deadlines) + (chance(50) ? 1 : 0))
    }

    private mutating func pick(_ projects: ArraySlice<ModelLedger.Project>) -> ModelLedger.Project {
        pick(Array(projects))
    }
}
