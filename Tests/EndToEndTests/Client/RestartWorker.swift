import LifecycleClient
import TestSupport

/// What was answered to calls, and therefore must be so.
struct RestartBooks: Sendable {
    struct Record: Sendable, Equatable {
        let name: String
        let userId: String
        let credits: Int64
        var status: Status
    }

    var projects: [ProjectID: Record] = [:]
    /// Names of projects whose creation was not answered: they may be there or not.
    var doubtful: Set<String> = []
    /// Calls that an earlier, lost try had carried out already.
    var repeated = 0
    /// What must not be.
    var complaints: [String] = []

    mutating func add(_ other: Self) {
        projects.merge(other.projects) { mine, theirs in
            complaints.append("one project for two creations: \(mine.name) and \(theirs.name)")
            return mine
        }
        doubtful.formUnion(other.doubtful)
        repeated += other.repeated
        complaints += other.complaints
    }
}

/// A task of a web app: creates projects, reports on its own ones, and looks at what it was told before.
struct RestartWorker: Sendable {
    let client: LifecycleClient
    let number: Int
    let userId: String
    var random: SeededRandom
    private(set) var books = RestartBooks()
    /// Created and not reported on, in the order of creation.
    private var open: [ProjectID] = []
    private var known: [ProjectID] = []

    init(client: LifecycleClient, number: Int, userId: String, random: SeededRandom) {
        self.client = client
        self.number = number
        self.userId = userId
        self.random = random
    }

    /// - Parameter note: is told of each call before it begins, and nil when it has ended.
    mutating func work(calls: Int, note: (String?) -> Void) async {
        for index in 0..<calls {
            let name = "task \(number), call \(index)"
            switch Int.random(in: 0..<10, using: &random) {
            case 4...6 where !open.isEmpty:
                note("\(name): updateStatus")
                await report(name, open.remove(at: Int.random(in: open.indices, using: &random)))
            case 7:
                note("\(name): getBalance")
                await balance(name)
            case 8...9 where !known.isEmpty:
                note("\(name): getStatus")
                await status(name, known[Int.random(in: known.indices, using: &random)])
            default:
                note("\(name): createProject")
                await create(name)
            }
            note(nil)
        }
    }

    /// Without a key of the caller's: the client makes one, and must keep to it over all restarts.
    private mutating func create(_ name: String) async {
        let credits = Int64.random(in: 1...9, using: &random)
        do throws(ClientError) {
            let created = try await client.createProject(userId: userId, credits: credits, name: name)
            let project = created.project
            check(project.userId == userId && project.name == name && project.creditsUsed == credits, name, project)
            let id = project.projectId
            check(books.projects[id] == nil, name, project)
            books.projects[id] = .init(name: name, userId: userId, credits: credits, status: project.status)
            if created.replayed { books.repeated += 1 }
            open.append(id)
            known.append(id)
        } catch {
            if error.outcome == .unknown { books.doubtful.insert(name) }
            books.complaints.append("\(name): createProject: \(error)")
        }
    }

    private mutating func report(_ name: String, _ id: ProjectID) async {
        let verdict: Status = Bool.random(using: &random) ? .failed : .completed
        do throws(ClientError) {
            let reported = try await client.updateStatus(id, verdict)
            check(reported.project.projectId == id && reported.project.status == verdict, name, reported.project)
            let credits = books.projects[id]?.credits
            check(reported.creditsRefunded == (verdict == .failed ? credits : 0), name, reported.project)
            books.projects[id]?.status = verdict
            if !reported.changed { books.repeated += 1 }
        } catch {
            books.complaints.append("\(name): updateStatus: \(error)")
        }
    }

    private mutating func balance(_ name: String) async {
        do throws(ClientError) {
            let balance = try await client.getBalance(userId: userId)
            if balance.userId != userId { books.complaints.append("\(name): the balance of \(balance.userId)") }
        } catch {
            books.complaints.append("\(name): getBalance: \(error)")
        }
    }

    /// What was answered before any restart is still so after it.
    private mutating func status(_ name: String, _ id: ProjectID) async {
        do throws(ClientError) {
            let project = try await client.getStatus(id)
            let record = books.projects[id]
            check(project.projectId == id && project.status == record?.status, name, project)
            check(project.creditsUsed == record?.credits && project.name == record?.name, name, project)
        } catch {
            books.complaints.append("\(name): getStatus: \(error)")
        }
    }

    private mutating func check(_ holds: Bool, _ name: String, _ project: Project) {
        if !holds { books.complaints.append("\(name): a wrong answer: \(project)") }
    }
}
