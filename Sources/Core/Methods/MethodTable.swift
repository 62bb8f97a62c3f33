/// The only list of methods. Dispatch, `rpc.discover` and the check of `protocol.md` use it.
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

    /// Traps at the start of the process if two methods have the same name.
    init(_ entries: [MethodEntry]) {
        self.entries = entries
        byName = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    }

    package func entry(named name: JSONValue) throws(RPCError) -> MethodEntry {
        let text = name.string ?? ""
        // A dictionary treats canonically equivalent strings as equal, but names are compared as bytes.
        guard let entry = byName[text], name.isString(entry.name) else { throw .methodNotFound(text) }
        return entry
    }
}

extension MethodEntry {
    /// Checks the role before the parameters, so that a caller without permission learns nothing about them.
    package func bind(_ params: JSONValue?, for caller: Caller) throws(RPCError) -> BoundCall {
        guard Policy.allows(caller, roles) else {
            throw .permissionDenied(method: name, allowed: roles, caller: caller)
        }
        return try bind(params)
    }
}
