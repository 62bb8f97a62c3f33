internal import LifecycleCore
internal import Testing

@Suite("Parameters")
struct ParamsReaderTests {
    private func read<M: LifecycleCore.Method>(_ text: String?) throws -> M {
        try ParamsReader.read(text.map { try parseJSON($0) })
    }

    private func error<M: LifecycleCore.Method>(_ method: M.Type, _ text: String?) throws -> RPCError? {
        let params = try text.map { try parseJSON($0) }
        do throws(RPCError) {
            let _: M = try ParamsReader.read(params)
            return nil
        } catch {
            return error
        }
    }

    private func field(_ error: RPCError?, _ name: String) -> RPCError.Field.Value? {
        error?.fields.first { $0.name == name }?.value
    }

    @Test("by name, in any order")
    func byName() throws {
        let request: CreateProject = try read(#"{"lease":5,"credits":40,"userId":"ann"}"#)
        #expect(request.userId == "ann")
        #expect(request.credits == 40)
        #expect(request.lease == 5)
        #expect(request.idempotencyKey == nil)
    }

    @Test("by position, in the frozen order, where null stands for not given")
    func byPosition() throws {
        let request: CreateProject = try read(#"["ann",40,"k",null,"n",{"a":1},1,null,3]"#)
        #expect(request.userId == "ann")
        #expect(request.idempotencyKey == "k")
        #expect(request.externalId == nil)
        #expect(request.name == "n")
        #expect(request.metadata?.text == Array(#"{"a":1}"#.utf8))
        #expect(request.startTimeout == 1)
        #expect(request.lease == nil)
        #expect(request.maxRuntime == 3)
        let short: CreateProject = try read(#"["ann",40]"#)
        #expect(short.idempotencyKey == nil)
    }

    @Test("none at all, an empty object and an empty list are the same", arguments: [nil, "{}", "[]"])
    func nothing(_ text: String?) throws {
        let _: Discover = try read(text)
        let _: ListProjects = try read(text)
        let missing = try error(GetBalance.self, text)
        #expect(missing?.kind == .invalidParams)
        #expect(field(missing, "param") == .text("userId"))
    }

    /// Parameters of `createProject` and the one that is complained about.
    static let refused: [(String, String)] = [
        (#"{"credits":1}"#, "userId"),
        (#"{"userId":"ann"}"#, "credits"),
        (#"["ann"]"#, "credits"),
        (#"[null,1]"#, "userId"),
        (#"["ann",null]"#, "credits"),
        (#"{"userId":null,"credits":1}"#, "userId"),
        (#"{"userId":"ann","credits":1,"name":null}"#, "name"),
        (#"{"userId":"ann","credits":1,"lease":null}"#, "lease"),
        (#"{"userId":"ann","credits":1,"unknown":1}"#, "unknown"),
        (#"{"userId":"ann","credits":1,"UserId":"bob"}"#, "UserId"),
        (#"{"userId":"ann","credits":1,"":1}"#, ""),
        (#"{"userId":"ann","credits":1,"name":"n","nam\u0065\u0301":"n"}"#, "name\u{301}"),
        (#"["ann",1,"k",null,null,null,null,null,null,null]"#, "[9]"),
        (#"["ann",1,"k",null,null,null,null,null,null,1,2]"#, "[9]"),
        (#"{"userId":1,"credits":1}"#, "userId"),
        (#"{"userId":"ann","credits":"1"}"#, "credits"),
        (#"{"userId":"ann","credits":1,"metadata":[]}"#, "metadata"),
        (#"{"userId":"ann","credits":1,"metadata":"{}"}"#, "metadata"),
    ]

    @Test("are refused by name of the one that is amiss", arguments: refused)
    func amiss(_ text: String, _ param: String) throws {
        let error = try error(CreateProject.self, text)
        #expect(error?.kind == .invalidParams)
        #expect(field(error, "param") == .text(param))
        guard case .text(let reason)? = field(error, "reason") else {
            Issue.record("no reason")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test("a name may be written with escapes")
    func escapedNames() throws {
        let request: GetBalance = try read(#"{"\u0075serId":"\u0061nn"}"#)
        #expect(request.userId == "ann")
    }

    @Test("an unknown name of any length is answered shortly")
    func longUnknownName() throws {
        let error = try error(Discover.self, "{\"\(String(repeating: "é", count: 5000))\":1}")
        guard case .text(let param)? = field(error, "param") else {
            Issue.record("no param")
            return
        }
        #expect(param.utf8.count == 64)
    }
}
