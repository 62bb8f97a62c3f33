internal import LifecycleCore

/// Which connection holds which project's lease. A project has one holder, the last that attached. Pure.
struct LeaseHolders {
    private var holderOf: [ProjectID: ObjectIdentifier] = [:]
    private var held: [ObjectIdentifier: Set<ProjectID>] = [:]

    mutating func attach(_ project: ProjectID, to connection: ObjectIdentifier) {
        if let earlier = holderOf[project], earlier != connection { held[earlier]?.remove(project) }
        holderOf[project] = connection
        held[connection, default: []].insert(project)
    }

    /// The project has ended.
    mutating func release(_ project: ProjectID) {
        guard let holder = holderOf.removeValue(forKey: project) else { return }
        held[holder]?.remove(project)
        if held[holder]?.isEmpty ?? false { held[holder] = nil }
    }

    /// Another connection's stays.
    mutating func detach(_ project: ProjectID, from connection: ObjectIdentifier) {
        if holderOf[project] == connection { release(project) }
    }

    func isHeld(_ project: ProjectID) -> Bool { holderOf[project] != nil }

    /// The connection has ended.
    /// - Returns: what it held.
    mutating func end(_ connection: ObjectIdentifier) -> [ProjectID] {
        let projects = Array(held.removeValue(forKey: connection) ?? [])
        for project in projects { holderOf[project] = nil }
        return projects
    }
}
