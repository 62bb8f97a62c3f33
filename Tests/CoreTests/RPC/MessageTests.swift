internal import LifecycleCore
internal import Testing

@Suite("Messages")
struct MessageTests {
    static let methods: [any LifecycleCore.Method.Type] = [
        CreateProject.self, UpdateStatus.self, GetStatus.self, ListProjects.self, Heartbeat.self, CancelProject.self,
        RetryProject.self, ExplainProject.self, Watch.self, GetBalance.self, ListEntries.self, GrantCredits.self,
        AdjustCredits.self, Audit.self, Backup.self, GetMetrics.self, Discover.self,
    ]

    @Test("the list of this test has every method of the table")
    func complete() {
        #expect(Self.methods.map { $0.name } == MethodTable.standard.entries.map(\.name))
    }

    /// The JSON of a message with every field set, or only those that must be.
    private func sample(_ fields: [FieldDescription], isFull: Bool) -> String {
        let members = fields.filter { isFull || $0.isRequired }.map {
            "\"\($0.name)\":\(sample($0.schema, isFull: isFull))"
        }
        return "{\(members.joined(separator: ","))}"
    }

    private func sample(_ schema: Schema, isFull: Bool) -> String {
        switch schema {
        case .type("string", format: "uuid"): "\"017f22e2-79b0-7cc3-98c4-dc0c0c07398f\""
        case .type("string", format: "date-time"): "\"2026-11-23T13:01:19.042Z\""
        case .type("string", _): "\"text\""
        case .type("integer", _): "7"
        case .type("number", _): "0.5"
        case .type("boolean", _): "true"
        case .type(_, _): #"{"any":[1.0,{}]}"#
        case .oneOf(_, let words): "\"\(words.last ?? "")\""
        case .list(let element, _): "[\(sample(element, isFull: isFull)),\(sample(element, isFull: isFull))]"
        case .either(let schemas): schemas.last.map { sample($0, isFull: isFull) } ?? "null"
        case .object(_, _, let fields): sample(fields, isFull: isFull)
        }
    }

    private func written(_ message: some Message) -> String {
        var json = JSONWriter()
        message.write(to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private func check<M: Message>(_ type: M.Type, isFull: Bool) throws {
        let text = sample(M.schema, isFull: isFull)
        let message = try M(json: parseJSON(text))
        // A list of one status twice is the same as once.
        #expect(written(message) == text.replacing(#"["failed","failed"]"#, with: #"["failed"]"#), "\(type)")
    }

    @Test("parameters and results are written as they are read, field by field", arguments: [true, false])
    func roundTrips(isFull: Bool) throws {
        for method in Self.methods { try checkBoth(method, isFull: isFull) }
    }

    private func checkBoth<M: LifecycleCore.Method>(_ method: M.Type, isFull: Bool) throws {
        try check(M.self, isFull: isFull)
        try check(M.Response.self, isFull: isFull)
    }

    @Test("the parameters of every method are read by name and by position alike")
    func binds() throws {
        for entry in MethodTable.standard.entries where ![UpdateStatus.name, Heartbeat.name].contains(entry.name) {
            let named = sample(entry.parameters, isFull: true)
            _ = try entry.bind(try parseJSON(named))
            let positional = entry.parameters.map { sample($0.schema, isFull: true) }.joined(separator: ",")
            _ = try entry.bind(try parseJSON("[\(positional)]"))
        }
    }

    @Test("absent fields are left out, never null")
    func absentFields() {
        for method in Self.methods { #expect(!blank(method).contains("null")) }
    }

    private func blank<M: LifecycleCore.Method>(_ method: M.Type) -> String {
        written(M.blank) + written(M.Response.blank)
    }

    @Test("a result with members that are not known yet is read all the same")
    func newerDaemon() throws {
        let balance = try Balance(json: parseJSON(#"{"userId":"a","new":{"x":[]},"available":1,"held":2}"#))
        #expect(balance == Balance(userId: "a", available: 1, held: 2))
    }

    @Test(
        "a result that lacks a member or has another type says which",
        arguments: [
            (#"{"userId":"a","available":1}"#, "held"), (#"{"userId":"a","available":"1","held":2}"#, "available"),
            (#"{"userId":"a","available":1.5,"held":2}"#, "available"), ("[]", "object"),
        ])
    func malformed(_ text: String, _ names: String) throws {
        let json = try parseJSON(text)
        #expect { try Balance(json: json) } throws: { ($0 as? FieldError)?.reason.contains(names) == true }
    }
}
