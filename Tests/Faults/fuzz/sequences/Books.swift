import LifecycleCore

/// What must be true of the answers alone, whoever gave them: credits neither come nor go but by an entry, every
/// project is charged once and has the one outcome that its status says, and a key works once.
struct Books {
    /// What each user's key made.
    private var made: [String: String] = [:]
    /// By the bytes of the name: two users differ only in how the é is written.
    private var balances: [[UInt8]: (available: Int64, held: Int64)] = [:]
    private var projects: [String: (user: String, status: String, credits: Int64)] = [:]
    private var entries: [(user: String, kind: String, credits: Int64, project: String?)] = []

    /// All that there is: a sequence has fewer steps than a list may have rows.
    static let questions: [(String, String)] =
        [("listProjects", #"{"limit":500}"#), ("audit", "{}")]
        + Steps.users.flatMap {
            [("getBalance", #"{"userId":"\#($0)"}"#), ("listEntries", #"{"userId":"\#($0)","limit":500}"#)]
        }

    /// - Parameter answer: a result, or the error, which says nothing here.
    mutating func note(_ step: Step, _ answer: String) {
        guard case .call(let method, let params) = step, let result = parsed(answer) else { return }
        // The ledger's own guards are never what stops a request: its rules do.
        require(result["data"]?["kind"]?.string != "internalError", "\(step): \(answer)")
        if method == "audit" { checkAudit(result, answer) }
        if let available = result["balance"]?["available"]?.integer { require(available >= 0, answer) }
        guard let replayed = result["replayed"]?.bool, let key = parsed(params)?["idempotencyKey"]?.string,
            let user = result["balance"]?["userId"]?.string
        else { return }
        let what = result["project"]?["projectId"]?.string ?? result["entry"]?["entryId"]?.string ?? "nothing"
        let scope = "\(Array(user.utf8)) \(key)"
        require((made[scope] != nil) == replayed, "a key works once: \(step): \(answer)")
        require(made[scope] ?? what == what, "a key always means the same: \(step): \(answer)")
        made[scope] = what
    }

    mutating func read(_ method: String, _ answer: String) {
        guard let result = parsed(answer) else { return require(false, "\(method): \(answer)") }
        switch method {
        case "audit": checkAudit(result, answer)
        case "getBalance":
            balances[Array(text(result["userId"]).utf8)] = (
                result["available"]?.integer ?? -1, result["held"]?.integer ?? -1
            )
        case "listProjects":
            for project in elements(result["projects"]) {
                projects[text(project["projectId"])] = (
                    text(project["userId"]), text(project["status"]), project["creditsUsed"]?.integer ?? -1
                )
            }
        default:
            let user = Steps.users[entriesRead]
            entriesRead += 1
            for entry in elements(result["entries"]) {
                entries.append(
                    (user, text(entry["kind"]), entry["credits"]?.integer ?? 0, entry["projectId"]?.string))
            }
        }
    }

    private var entriesRead = 0

    func check() {
        for user in Steps.users {
            let own = entries.filter { $0.user.utf8.elementsEqual(user.utf8) }
            let available = own.reduce(Int64(0)) { sum, entry in
                switch entry.kind {
                case "grant", "adjustment", "refund": sum + entry.credits
                case "charge": sum - entry.credits
                default: sum
                }
            }
            let held = projects.values.filter {
                $0.user.utf8.elementsEqual(user.utf8) && ["pending", "processing"].contains($0.status)
            }.reduce(Int64(0)) { $0 + $1.credits }
            let balance = balances[Array(user.utf8)]
            require(
                balance?.available == available && available >= 0, "\(user) has \(available), not \(balance as Any)")
            require(balance?.held == held, "of \(user) \(held) are held, not \(balance as Any)")
        }
        for (id, project) in projects {
            let own = entries.filter { $0.project == id }
            let expected: Set<String> =
                switch project.status {
                case "completed": ["charge", "capture"]
                case "failed": ["charge", "refund"]
                default: ["charge"]
                }
            require(
                own.count == expected.count && Set(own.map(\.kind)) == expected
                    && own.allSatisfy { $0.credits == project.credits && $0.user.utf8.elementsEqual(project.user.utf8) },
                "project \(id) \(project) has \(own)")
        }
        let strays = entries.filter { $0.project.map { projects[$0] == nil } ?? false }
        require(strays.isEmpty, "entries of no project: \(strays)")
    }

    private func checkAudit(_ result: JSONValue, _ answer: String) {
        require(result["ok"]?.bool == true, "the audit finds \(answer)")
    }

    private func parsed(_ text: String) -> JSONValue? { try? JSONDocument(parsing: Array(text.utf8)).root }
    private func text(_ value: JSONValue?) -> String { value?.string ?? "" }
    private func elements(_ value: JSONValue?) -> [JSONValue] { value.map { Array($0.elements) } ?? [] }
}
