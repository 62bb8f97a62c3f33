/// The list of methods, and the only one: dispatch, `rpc.discover` and the check of `protocol.md` go by it.
package struct MethodTable: Sendable {
    package static let standard = MethodTable([
        .write(CreateProject.self),
        .write(UpdateStatus.self),
        .read(GetStatus.self),
        .read(ListProjects.self),
        .write(Heartbeat.self),
        .write(CancelProject.self),
        .write(RetryProject.self),
        .read(ExplainProject.self),
        .read(Watch.self),
        .read(GetBalance.self),
        .read(ListEntries.self),
        .write(GrantCredits.self),
        .write(AdjustCredits.self),
        .read(Audit.self),
        .read(Backup.self),
        .read(GetMetrics.self),
        .read(Discover.self),
    ])

    package let entries: [MethodEntry]
    private let byName: [String: MethodEntry]

    /// Stops the process, before it is ready, when two methods have one name.
    init(_ entries: [MethodEntry]) {
        self.entries = entries
        byName = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    }

    package func entry(named name: JSONValue) throws(RPCError) -> MethodEntry {
        let text = name.string ?? ""
        // A dictionary compares by canonical equivalence, names are compared as bytes.
        guard let entry = byName[text], name.isString(entry.name) else { throw .methodNotFound(text) }
        return entry
    }
}

extension MethodEntry {
    /// The role before the parameters: who may not call a method learns nothing of what it takes.
    package func bind(_ params: JSONValue?, for caller: Caller) throws(RPCError) -> BoundCall {
        guard Policy.allows(caller, roles) else {
            throw .permissionDenied(method: name, allowed: roles, caller: caller)
        }
        return try bind(params)
    }
}
