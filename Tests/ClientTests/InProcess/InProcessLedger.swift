internal import LifecycleClient
internal import LifecycleCore
internal import LifecycleTesting

/// A daemon in this process whose clock the test moves; parameters and results go the way over JSON.
struct InProcessLedger {
    let clock = ManualClock()
    let daemon: InProcessDaemon

    static let limits: Limits = {
        var limits = Limits()
        limits.startTimeout = 60
        limits.lease = 20
        limits.maximumRuntime = 200
        return limits
    }()

    init(_ limits: Limits = Self.limits, roles: Set<Role> = [.admin]) {
        daemon = InProcessDaemon(
            clock: clock, limits: limits, caller: Caller(uid: 1001, gid: 1002, pid: 1003, roles: roles))
    }

    func call<M: LifecycleCore.Method>(_ method: M) throws -> M.Response {
        var json = JSONWriter()
        method.write(to: &json)
        return try M.Response(json: try daemon.answer(M.name, params: json.bytes))
    }

    /// What was refused, or nil.
    func refusal<M: LifecycleCore.Method>(_ method: M) -> ErrorKind? {
        do { _ = try call(method) } catch { return (error as? ClientError)?.kind }
        return nil
    }

    func grant(_ credits: Int64, to user: String) throws {
        _ = try call(GrantCredits(userId: user, credits: credits, reason: "top-up"))
    }

    func create(_ credits: Int64, for user: String, _ terms: (inout CreateProject) -> Void = { _ in }) throws
        -> ProjectID
    {
        var request = CreateProject(userId: user, credits: credits)
        terms(&request)
        return try call(request).project.projectId
    }

    func project(_ id: ProjectID) throws -> Project { try call(GetStatus(projectId: id)).project }

    func available(_ user: String) throws -> Int64 { try call(GetBalance(userId: user)).available }
}
