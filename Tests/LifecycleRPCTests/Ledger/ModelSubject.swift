internal import Glibc
internal import LifecycleClient
internal import LifecycleCore
internal import LifecycleTesting

/// What the model's random sequences are played on.
protocol ModelSubject: AnyObject, Sendable {
    var limits: Limits { get }
    /// What its clock shows, in milliseconds since 1970. To set it lets time pass.
    var now: Int64 { get set }
    /// Whom the history names where a clock has run out.
    var daemon: Caller { get }
    func outcome(of call: Call) async -> Result<[UInt8], RPCError>
    /// Of writes that are asked for at once.
    func outcomes(of calls: [Call]) async -> [Result<[UInt8], RPCError>]
    /// What is due now has been settled when this returns.
    func tick() async throws
    /// It has done all that it does of itself at this time.
    func untilIdle() async throws
    func restart() async throws
}

extension ModelSubject {
    func answer<M: LifecycleCore.Method>(_ method: M) async throws -> M.Response {
        try await M.Response.decoded(outcome(of: Call(method)).get())
    }
}

extension LedgerHarness: ModelSubject {
    var daemon: Caller { Caller(uid: geteuid(), gid: getegid(), pid: getpid(), roles: []) }
    func outcome(of call: Call) async -> Result<[UInt8], RPCError> { await result(of: call) }
    /// As one connection's, which are carried out in their order whatever is due.
    func outcomes(of calls: [Call]) async -> [Result<[UInt8], RPCError>] { await results(of: calls, source: self) }
    func restart() async throws { try await reopen() }
}

/// The daemon that web apps are tested with.
final class InProcessSubject: ModelSubject {
    let limits: Limits
    private let clock: ManualClock
    private let process: InProcessDaemon

    init(_ limits: Limits, start: Int64 = 1_800_000_000_000) {
        self.limits = limits
        clock = ManualClock(Timestamp(milliseconds: start))
        process = InProcessDaemon(clock: clock, limits: limits, caller: .tester)
    }

    var now: Int64 {
        get { clock.now.milliseconds }
        set { clock.set(to: Timestamp(milliseconds: newValue)) }
    }

    /// There is one process only.
    var daemon: Caller { .tester }

    func outcome(of call: Call) async -> Result<[UInt8], RPCError> {
        do throws(ClientError) {
            return .success(Array(try process.answer(call.method, params: Array(call.params.utf8)).raw))
        } catch {
            return .failure(error.refusal ?? .internalError(error.message))
        }
    }

    func outcomes(of calls: [Call]) async -> [Result<[UInt8], RPCError>] {
        var outcomes: [Result<[UInt8], RPCError>] = []
        for call in calls { outcomes.append(await outcome(of: call)) }
        return outcomes
    }

    func tick() async throws { _ = try await answer(GetBalance(userId: "nobody")) }

    func untilIdle() async throws {}

    /// In a grant, of which nothing is left.
    func restart() async throws {
        process.crash(.beforeCommit)
        guard case .failure = await outcome(of: Call(GrantCredits(userId: "nobody", credits: 1, reason: "r"))) else {
            throw RPCError.internalError("it did not crash")
        }
    }
}
