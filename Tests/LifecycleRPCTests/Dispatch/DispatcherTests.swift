internal import LifecycleCore
internal import Testing

@testable internal import LifecycleRPC

@Suite("From a line to what is to be done")
struct DispatcherTests {
    private static let admin = Caller(uid: 1, gid: 2, pid: 3, roles: [.admin])

    private func work(_ line: String, by caller: Caller = admin, limits: Limits = Limits()) -> Dispatcher.Work {
        Dispatcher(limits: limits).work(for: Array(line.utf8), from: caller)
    }

    /// The error's kind, or what is to be run.
    private func describe(_ call: Dispatcher.Call) -> String {
        switch call.step {
        case .refuse(let error): error.kind.name
        case .run(.read(.point, _)): "read"
        case .run(.read(.scan, _)): "scan"
        case .run(.read(.whole, _)): "whole"
        case .run(.write(let worksOnFullDisk, _)): worksOnFullDisk ? "write on a full disk" : "write"
        }
    }

    private func single(_ work: Dispatcher.Work) -> Dispatcher.Call? {
        if case .single(let call) = work { call } else { nil }
    }

    private func id(_ call: Dispatcher.Call?) -> String? {
        if case .some(let id)? = call?.id { String(decoding: id, as: UTF8.self) } else { nil }
    }

    static let lines: [(line: String, id: String?, method: String?, what: String)] = [
        ("{", "null", nil, "parseError"),
        ("[]", "null", nil, "invalidRequest"),
        ("{}", "null", nil, "invalidRequest"),
        (#"{"jsonrpc":"2.0","id":1,"method":"no"}"#, "1", nil, "methodNotFound"),
        (#"{"jsonrpc":"2.0","method":"no"}"#, nil, nil, "methodNotFound"),
        (#"{"jsonrpc":"2.0","id":1,"method":"getBalance"}"#, "1", "getBalance", "invalidParams"),
        (#"{"jsonrpc":"2.0","method":"getBalance","params":["a"]}"#, nil, "getBalance", "read"),
        (#"{"jsonrpc":"2.0","id":"x","method":"getBalance","params":["a"]}"#, "\"x\"", "getBalance", "read"),
        (#"{"jsonrpc":"2.0","id":1,"method":"listProjects"}"#, "1", "listProjects", "scan"),
        (#"{"jsonrpc":"2.0","id":1,"method":"audit","params":[]}"#, "1", "audit", "whole"),
        (#"{"jsonrpc":"2.0","id":1,"method":"createProject","params":["a",1]}"#, "1", "createProject", "write"),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"updateStatus","params":{"externalId":"e","status":"failed"}}"#, "1",
            "updateStatus", "write on a full disk"
        ),
    ]

    @Test("a line is refused or bound to what it asks for", arguments: lines)
    func line(_ line: String, _ id: String?, _ method: String?, _ what: String) throws {
        let call = try #require(single(work(line)))
        #expect(self.id(call) == id)
        #expect(call.method == method)
        #expect(describe(call) == what)
    }

    @Test("the role is looked at after the method and before the parameters")
    func order() {
        let stranger = Caller(uid: 5, gid: 6, pid: 7, roles: [])
        let cases = [
            (#"{"jsonrpc":"2.0","id":1,"method":"no","params":{}}"#, "methodNotFound"),
            (#"{"jsonrpc":"2.0","id":1,"method":"getBalance","params":{"x":1}}"#, "permissionDenied"),
            (#"{"jsonrpc":"2.0","id":1,"method":"getBalance","params":1}"#, "invalidRequest"),
        ]
        for (line, kind) in cases { #expect(single(work(line, by: stranger)).map(describe) == kind) }
    }

    @Test("a batch holds its requests in order, each judged by itself")
    func batch() throws {
        let line = #"""
            [{"jsonrpc":"2.0","id":1,"method":"audit"},7,[],{"jsonrpc":"2.0","method":"no"},{"jsonrpc":"2.0","id":2,"method":"audit"}]
            """#
        guard case .batch(let requests) = work(line) else {
            Issue.record("no batch")
            return
        }
        let calls = requests.map { Dispatcher(limits: Limits()).call($0, from: Self.admin) }
        #expect(calls.map(describe) == ["whole", "invalidRequest", "invalidRequest", "methodNotFound", "whole"])
        #expect(calls.map(id) == ["1", "null", "null", nil, "2"])
    }

    @Test("a batch beyond the limit is refused whole")
    func batchLimit() {
        var limits = Limits()
        limits.maximumBatch = 2
        if case .batch(let calls) = work("[1,2]", limits: limits) {
            #expect(calls.count == 2)
        } else {
            Issue.record("2")
        }
        #expect(single(work("[1,2,3]", limits: limits)).map(describe) == "batchTooLarge")
    }

    @Test("only a watch and a backup are more than their answer, of the reads")
    func effects() {
        let acting = MethodTable.standard.entries.filter { $0.hasEffect && !$0.isWrite }.map(\.name)
        #expect(acting == ["watch", "backup"])
    }

    @Test("nesting beyond the limit is a parse error")
    func depth() {
        var limits = Limits()
        limits.maximumDepth = 3
        #expect(single(work("[[[]]]", limits: limits)) == nil)
        #expect(single(work("[[[[]]]]", limits: limits)).map(describe) == "parseError")
    }
}

extension Dispatcher.Call? {
    fileprivate static func == (call: Self, _: _OptionalNilComparisonType) -> Bool {
        if case .none = call { true } else { false }
    }
}
