internal import HashTreeCollections
internal import LifecycleCore

extension InMemoryStore {
    func account(of userId: String) -> AccountRow? {
        accountsByUser[UTF8Key(userId)].flatMap { accounts[$0] }
    }

    func project(_ reference: ProjectReference) -> StoredProject? {
        let row =
            switch reference {
            case .projectID(let id): projectsByID[id]
            case .externalID(let id): projectsByExternalID[UTF8Key(id)]
            }
        return row.flatMap { projects[$0]?.stored }
    }

    func request(of userId: String, key: String) -> EarlierRequest? {
        guard let account = account(of: userId)?.row else { return nil }
        let key = IdempotencyKey(account, key)
        if let row = projectsByKey[key], let project = projects[row] { return .project(project.stored) }
        return entriesByKey[key].flatMap { entries[$0] }.map { .entry($0.entry) }
    }

    /// The charge, then the outcome.
    func entries(ofProject row: Int64) -> [Entry] {
        guard let project = projects[row] else { return [] }
        return [project.charge, project.outcome].compactMap { $0 }.compactMap { entries[$0]?.entry }
    }

    /// Oldest first.
    func events(ofProject row: Int64) -> [Event] {
        var found: [Event] = []
        var next = projects[row]?.newestEvent
        while let seq = next, let event = events[seq] {
            found.append(event.event)
            next = event.previous
        }
        return found.reversed()
    }

    /// The longest due first.
    func due(at now: Timestamp, limit: Int) -> [StoredProject] {
        deadlines.due(at: now, limit: limit).compactMap { projects[$0.row]?.stored }
    }

    func events(_ filter: EventFilter, after seq: Int64, limit: Int) -> [Event] {
        var found: [Event] = []
        var next = min(max(seq, 0), newestSeq)
        while found.count < limit, next < newestSeq {
            next += 1
            guard let row = events[next] else { continue }
            if let user = filter.userId, !row.event.userId.hasSameBytes(as: user) { continue }
            if let project = filter.projectId, row.event.projectId != project { continue }
            found.append(row.event)
        }
        return found
    }
}
