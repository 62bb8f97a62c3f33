internal import LifecycleCore

/// The lease holder of each project: the last connection that attached its lease. A pure value.
struct LeaseHolders {
    private var holderOf: [ProjectID: ObjectIdentifier] = [:]
    private var held: [ObjectIdentifier: Set<ProjectID>] = [:]

    mutating func attach(_ project: ProjectID, to connection: ObjectIdentifier) {
        if let earlier = holderOf[project], earlier != connection { held[earlier]?.remove(project) }
        holderOf[project] = connection
        held[connection, default: []].insert(project)
    }

    /// Removes the lease of a project that has ended.
    mutating func release(_ project: ProjectID) {
        guard let holder = holderOf.removeValue(forKey: project) else { return }
        held[holder]?.remove(project)
        if held[holder]?.isEmpty ?? false { held[holder] = nil }
    }

    /// Has no effect if another connection is the lease holder.
    mutating func detach(_ project: ProjectID, from connection: ObjectIdentifier) {
        if holderOf[project] == connection { release(project) }
    }

    func isHeld(_ project: ProjectID) -> Bool { holderOf[project] != nil }

    /// Removes the leases of a connection that has ended.
    /// - Returns: their projects.
    mutating func end(_ connection: ObjectIdentifier) -> [ProjectID] {
        let projects = Array(held.removeValue(forKey: connection) ?? [])
        for project in projects { holderOf[project] = nil }
        return projects
    }
}
