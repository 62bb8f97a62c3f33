import Foundation
import TestSupport
import Testing

/// A client that writes down what was answered to it, and later holds the daemon to it. Alone with its user.
final class Bookkeeper: @unchecked Sendable {
    // Used by one thread at a time.
    private enum Operation {
        case grant(key: String, credits: Int)
        case create(key: String, credits: Int)
        case report(key: String, status: String)
    }

    private struct Project {
        var id: String
        var credits: Int
        var status: String
    }

    private let user: String
    private var random: SeededRandom
    private var counter = 0
    private var projects: [String: Project] = [:]  // by key, which is the externalId too
    /// Created and not reported on yet.
    private var open: [String] = []
    private var fresh: [String] = []
    private var granted = 0
    /// Sent, and not answered before the connection ended; in the order of sending.
    private var pending: [Operation] = []

    private(set) var answered = 0
    private(set) var unknown = 0
    private(set) var appliedUnknown = 0

    init(user: String, seed: UInt64) {
        self.user = user
        random = SeededRandom(seed: seed)
        pending = [.grant(key: "\(user)-first", credits: 1_000_000_000)]
    }

    /// Works until the connection breaks, sometimes one by one, sometimes many requests in one write.
    func work(_ connection: Connection) {
        while true {
            let count = Bool.random(using: &random) ? 1 : Int.random(in: 2...24, using: &random)
            let operations = (0..<count).flatMap { _ in next() }
            let text = operations.map { request($0) }.joined()
            pending += operations
            do {
                try connection.send(text)
                for _ in operations { record(pending[0], try connection.reply(), isRetry: false) }
            } catch {
                return
            }
        }
    }

    /// After a restart: what was answered is there, and what was not is repeated with its key.
    func settle(_ connection: Connection) throws {
        for key in fresh { try expect(key, connection) }
        fresh = []
        unknown += pending.count
        var applied: [Bool] = []
        while let operation = pending.first {
            try connection.send(request(operation))
            applied.append(record(operation, try connection.reply(), isRetry: true))
        }
        // Requests of a connection are carried out in order: those that were are the first of them.
        #expect(applied == applied.filter { $0 } + applied.filter { !$0 }, "\(user): a hole in what was applied")
        appliedUnknown += applied.filter { $0 }.count

        let balance = try connection.call("getBalance", ["userId": user])
        #expect(balance.int("available") == available, "\(user): \(balance.line)")
        #expect(balance.int("held") == held, "\(user): \(balance.line)")
    }

    /// Everything, at the end.
    func compareAll(_ connection: Connection) throws {
        var found: [String: Project] = [:]
        var cursor: String?
        repeat {
            var params: [String: Any] = ["userId": user, "limit": 500]
            params["cursor"] = cursor
            let page = try connection.call("listProjects", params)
            for case let project as [String: Any] in try #require(page["projects"] as? [Any]) {
                let key = try #require(project["externalId"] as? String)
                found[key] = Project(
                    id: project["projectId"] as? String ?? "", credits: project["creditsUsed"] as? Int ?? -1,
                    status: project["status"] as? String ?? "")
            }
            cursor = page.string("nextCursor")
        } while cursor != nil
        #expect(found.count == projects.count)
        let wrong = projects.filter { key, project in
            found[key]?.id != project.id || found[key]?.credits != project.credits
                || found[key]?.status != project.status
        }
        #expect(wrong.isEmpty, "\(user): \(wrong.keys.sorted().prefix(5))")
    }

    // MARK: The books

    private var held: Int { projects.values.reduce(0) { $0 + ($1.status == "pending" ? $1.credits : 0) } }
    private var available: Int { granted - projects.values.reduce(0) { $0 + ($1.status == "failed" ? 0 : $1.credits) } }

    /// The project is as it was answered, or one report further: one that was not answered.
    private func expect(_ key: String, _ connection: Connection) throws {
        let project = try #require(projects[key])
        let reply = try connection.call("getStatus", ["projectId": project.id])
        let status = try #require(reply.string("project.status"), "\(user): \(reply.line)")
        let isReported = pending.contains {
            if case .report(key, status) = $0 { true } else { false }
        }
        #expect(status == project.status || isReported, "\(user): \(reply.line)")
        #expect(reply.int("project.creditsUsed") == project.credits)
        #expect(reply.int("project.creditsRefunded") == (status == "failed" ? project.credits : 0))
    }

    /// A step, or a project's whole life in one go: later requests need not wait for earlier replies.
    private func next() -> [Operation] {
        counter += 1
        let key = "\(user)-\(counter)"
        let credits = Int.random(in: 0...50, using: &random)
        let verdict = Bool.random(using: &random) ? "failed" : "completed"
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return [.grant(key: key, credits: credits + 1)]
        case 1...3: return [.create(key: key, credits: credits)]
        case 4: return [.create(key: key, credits: credits), .report(key: key, status: verdict)]
        default:
            guard let old = open.indices.randomElement(using: &random) else {
                return [.create(key: key, credits: credits)]
            }
            return [.report(key: open.remove(at: old), status: verdict)]
        }
    }

    private func request(_ operation: Operation) -> String {
        let (method, params): (String, [String: Any]) =
            switch operation {
            case .grant(let key, let credits):
                ("grantCredits", ["userId": user, "credits": credits, "reason": "r", "idempotencyKey": key])
            case .create(let key, let credits):
                (
                    "createProject",
                    ["userId": user, "credits": credits, "idempotencyKey": key, "externalId": key]
                )
            case .report(let key, let status): ("updateStatus", ["externalId": key, "status": status])
            }
        return (try? Connection.request(method, params, id: counter)) ?? ""
    }

    /// Enters an answered operation, which is the first of the pending ones.
    /// - Returns: whether it had been applied before it was sent now.
    @discardableResult
    private func record(_ operation: Operation, _ reply: Reply, isRetry: Bool) -> Bool {
        pending.removeFirst()
        answered += 1
        guard reply.result != nil else {
            Issue.record("\(user): \(operation): \(reply.line)")
            return false
        }
        let wasApplied = reply.bool("replayed") ?? (reply.bool("changed") == false)
        #expect(isRetry || !wasApplied, "\(user): \(operation): \(reply.line)")
        switch operation {
        case .grant(_, let credits):
            granted += credits
        case .create(let key, let credits):
            // A retry may find it further on, when the report that came after it was applied as well.
            projects[key] = Project(id: reply.string("project.projectId") ?? "", credits: credits, status: "pending")
            open.append(key)
            fresh.append(key)
        case .report(let key, let status):
            #expect(reply.string("project.status") == status, "\(user): \(reply.line)")
            projects[key]?.status = status
            open.removeAll { $0 == key }  // when it was created in the same breath
            if !fresh.contains(key) { fresh.append(key) }
        }
        return wasApplied
    }
}
