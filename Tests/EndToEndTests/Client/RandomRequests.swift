import TestSupport

/// Makes requests as texts, right and wrong in every way that a caller can be, about few users, keys and ids, so that
/// they often meet each other.
struct RandomRequests {
    private var random: SeededRandom
    private var sequence = 0
    private var users: [String] = []
    private var allUsers: [String] = []
    private var projects = 0

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// Users of their own for each sequence; two names differ only in how the é is written.
    mutating func beginSequence() {
        sequence += 1
        users = ["u\(sequence)", "caf\u{E9}\(sequence)", "cafe\u{301}\(sequence)"]
        allUsers += users
    }

    /// - Parameter projects: how many there are.
    mutating func request(projects: Int) -> (method: String, params: String) {
        self.projects = projects
        let (method, fields) =
            switch number(0...99) {
            case ..<34: ("createProject", create())
            case ..<38: ("heartbeat", pause())
            case ..<66: ("updateStatus", report())
            case ..<76: ("grantCredits", posting(credits: chance(4) ? wrongAmount() : "\(number(1...60))"))
            case ..<80: ("adjustCredits", posting(credits: chance(4) ? wrongAmount() : "\(number(-30...30))"))
            case ..<84: ("getStatus", reference())
            case ..<91: ("listProjects", listProjects())
            case ..<94: ("listEntries", listEntries())
            case ..<96: ("getBalance", [("userId", user())])
            case ..<98: ("explainProject", reference())
            case ..<99: (pick(["audit", "rpc.discover", "retryProject", "audi\u{74}\u{301}", ""]), [])
            default: ("audit", [])
            }
        return (method, params(fields))
    }

    /// Every user and all projects, at the end, and the history of every third.
    func everything(projects: Int) -> [(method: String, params: String)] {
        var requests = [("audit", "{}"), ("listProjects", #"{"limit":500,"includeStats":true}"#)]
        for user in allUsers {
            requests.append(("listEntries", #"{"userId":"\#(user)","limit":500}"#))
            requests.append(("listProjects", #"{"userId":"\#(user)","includeStats":true}"#))
            requests.append(("getBalance", #"{"userId":"\#(user)"}"#))
        }
        for project in stride(from: 0, to: projects, by: 3) {
            requests.append(("explainProject", #"{"projectId":"<\#(project)>"}"#))
        }
        return requests
    }

    // MARK: Fields, in the order of their positions; nil is not given

    private typealias Fields = [(name: String, value: String?)]

    private mutating func create() -> Fields {
        let amount = chance(4) ? wrongAmount() : "\(number(0...30))"
        let metadata = pick(["{}", #"{"a": 1, "é":"\u0000"}"#, #"{ "a":1,"é":"\u0000" }"#, #"{"<":[[]]}"#])
        return [
            ("userId", user()), ("credits", amount), ("idempotencyKey", maybe(50, key())),
            ("externalId", maybe(25, externalId())),
            ("name", maybe(20, pick([#""""#, #""A film""#, #""caf\u00e9""#, "\"caf\u{E9}\"", "\"cafe\u{301}\""]))),
            ("metadata", maybe(20, metadata)), ("startTimeout", maybe(20, seconds())), ("lease", maybe(20, seconds())),
            ("maxRuntime", maybe(20, seconds())),
        ]
    }

    private mutating func report() -> Fields {
        let status = chance(4) ? "pending" : pick(["processing", "processing", "processing", "completed", "failed"])
        let explains = status == "failed" || chance(4)
        let long = "\"" + String(repeating: "\u{1F4A5}é", count: 1500) + "\""
        return reference() + [
            ("status", "\"\(status)\""),
            ("errorMessage", explains ? maybe(50, pick([#""""#, #""line 1\nline 2\u0000""#, long])) : nil),
            (
                "errorCode",
                explains ? maybe(40, pick([#""crashed""#, #""cancelled""#, #""leaseExpired""#, #""1x""#])) : nil
            ),
        ]
    }

    /// Readers see a pause at once, and the rest of a heartbeat a second later. One of the two clocks
    /// stands still, so no pause may end while the test runs, and whether a second pause is granted must not depend on
    /// how long the first one lasted: the longest one fits only into the full time, the others always.
    private mutating func pause() -> Fields {
        let none: Fields = [("progress", nil), ("message", nil), ("attach", nil)]
        let seconds = pick(["3600", "7200", "7200", "604800", "604800", "604801", "0", "-5", "1e300"])
        return reference() + none + [("pause", seconds)]
    }

    private mutating func posting(credits: String) -> Fields {
        [
            ("userId", user()), ("credits", credits), ("reason", pick([#""top-up""#, #""correction""#])),
            ("idempotencyKey", maybe(50, key())),
        ]
    }

    private mutating func listProjects() -> Fields {
        let status = pick([#""failed""#, #"["pending","processing"]"#, #"["completed","failed","completed"]"#, "[]"])
        return [
            ("userId", maybe(60, chance(5) ? #""nobody""# : user())), ("status", maybe(50, status)),
            ("createdAfter", maybe(25, moment())), ("createdBefore", maybe(25, moment())),
            ("limit", maybe(80, "\(number(1...7))")), ("cursor", maybe(40, project())),
            ("includeStats", maybe(60, pick(["true", "true", "false"]))),
            ("dueBefore", maybe(20, moment())),
        ]
    }

    private mutating func listEntries() -> Fields {
        let cursor = chance(80) ? "\"\(number(1...Int64(40 * sequence)))\"" : pick([#""007""#, #""0""#, #""x""#])
        return [("userId", user()), ("limit", maybe(80, "\(number(1...7))")), ("cursor", maybe(50, cursor))]
    }

    private mutating func reference() -> Fields {
        switch number(0...99) {
        case ..<60: [("projectId", project()), ("externalId", nil)]
        case ..<80: [("projectId", nil), ("externalId", externalId())]
        case ..<98: [("projectId", project()), ("externalId", externalId())]
        default: [("projectId", nil), ("externalId", nil)]
        }
    }

    // MARK: Values, as JSON

    private mutating func user() -> String { "\"\(pick(users))\"" }
    private mutating func key() -> String { pick([#""k1""#, #""k2""#, #""k3""#, #""k\u00e9""#, "\"ke\u{301}\""]) }
    private mutating func seconds() -> String {
        chance(6) ? pick(["0", "-1", "3000000"]) : pick(["3600", "7200", "1e4"])
    }
    private mutating func wrongAmount() -> String {
        pick(["-5", "0", "1000001", "-9007199254740991", "9007199254740991"])
    }

    private mutating func externalId() -> String {
        "\"\(pick(["x1", "x2", "x3", "x4", "\u{E9}", "e\u{301}"]))/\(sequence)\""
    }

    /// Mostly one of the newest.
    private mutating func project() -> String {
        let newest = Int64(max(projects - 1, 0))
        let number = chance(10) ? number(0...newest + 3) : number(max(newest - 12, 0)...newest)
        return "\"<\(number)>\""
    }

    /// Far away: two clocks are never the same.
    private mutating func moment() -> String { pick([#""2000-01-01T00:00:00Z""#, #""2100-01-01T00:00:00Z""#]) }

    /// An object in any order or an array, and sometimes something wrong with it.
    private mutating func params(_ fields: Fields) -> String {
        var fields = fields
        if !fields.isEmpty, chance(3) {
            let wrong = pick([
                "null", "1.5", #""40""#, "true", "[]", "{}", "9007199254740992", "-1", #""""#, #""\u0007""#,
            ])
            fields[Int(number(0...Int64(fields.count - 1)))].value = wrong
        }
        if chance(10) {
            while fields.last?.value == nil, !fields.isEmpty { fields.removeLast() }
            let extra = chance(5) ? ["null"] : []
            return "[" + (fields.map { $0.value ?? "null" } + extra).joined(separator: ",") + "]"
        }
        var members = fields.compactMap { field in field.value.map { "\"\(field.name)\":\($0)" } }
        if chance(2), !members.isEmpty { members.removeFirst() }
        if chance(2) { members.append(pick([#""userID":1"#, #""limit":7"#, #""userId":"u1""#, #""x""#])) }
        members.shuffle(using: &random)
        return "{" + members.joined(separator: ",") + "}"
    }

    // MARK: Chance

    private mutating func maybe(_ percent: Int64, _ value: String) -> String? { chance(percent) ? value : nil }
    private mutating func chance(_ percent: Int64) -> Bool { number(0...99) < percent }
    private mutating func number(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }
    private mutating func pick(_ values: [String]) -> String { values[Int(number(0...Int64(values.count - 1)))] }
}
