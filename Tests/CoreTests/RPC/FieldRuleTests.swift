internal import LifecycleCore
internal import Testing

/// What each field takes beyond its type, tried through the methods that have it.
@Suite("Field rules")
struct FieldRuleTests {
    static let x128 = String(repeating: "x", count: 128)
    static let x255 = String(repeating: "x", count: 255)

    struct Field: Sendable, CustomTestStringConvertible {
        let method: String
        /// The other parameters that the method needs.
        let others: String
        let name: String
        let accepted: [String]
        let refused: [String]
        var testDescription: String { "\(method) \(name)" }
    }

    private static func text(_ text: String) -> String { "\"\(text)\"" }

    private static let lineAndKey = (
        accepted: [text("a"), text(x255), text(" "), text("é\u{1F4A5}"), text("\\u00e9"), text("\u{2028}")],
        refused: [
            text(""), text(x255 + "x"), text(String(repeating: "é", count: 128)), text("a\\nb"), text("\\u0000"),
            text("\\u007f"),
            text("\\u0085"), "1", "true", "{}", "[\"a\"]",
        ]
    )

    static let fields: [Field] = [
        Field(
            method: "getBalance", others: "", name: "userId",
            accepted: [text("a"), text(x128), text(String(repeating: "é", count: 64))],
            refused: [
                text(""), text(x128 + "x"), text(String(repeating: "é", count: 65)), text("a\\tb"), text("\\u0000"),
                "1",
            ]),
        Field(
            method: "createProject", others: #""userId":"a","credits":1,"#, name: "idempotencyKey",
            accepted: lineAndKey.accepted, refused: lineAndKey.refused),
        Field(
            method: "grantCredits", others: #""userId":"a","credits":1,"reason":"r","#, name: "idempotencyKey",
            accepted: lineAndKey.accepted, refused: lineAndKey.refused),
        Field(
            method: "createProject", others: #""userId":"a","credits":1,"#, name: "externalId",
            accepted: lineAndKey.accepted, refused: lineAndKey.refused),
        Field(
            method: "getStatus", others: "", name: "externalId", accepted: lineAndKey.accepted,
            refused: lineAndKey.refused),
        Field(
            method: "createProject", others: #""userId":"a","credits":1,"#, name: "name",
            accepted: [text(""), text(x255)], refused: [text(x255 + "x"), text("a\\u0000"), "1"]),
        Field(
            method: "grantCredits", others: #""userId":"a","credits":1,"#, name: "reason",
            accepted: [text("r"), text(String(repeating: "x", count: 1024)), text("a\\nb\\u0000")],
            refused: [text(""), text(String(repeating: "x", count: 1025)), "1"]),
        Field(
            method: "updateStatus", others: #""externalId":"x","status":"failed","#, name: "errorCode",
            accepted: [text("crashed"), text("a"), text("E1_x.y-z"), text(String(repeating: "x", count: 64))],
            refused: [
                text(""), text(String(repeating: "x", count: 65)), text("1a"), text("a b"), text("é"), text("_a"),
                text("a\\n"),
                text("startTimeout"), text("leaseExpired"), text("runtimeExceeded"), "1",
            ]),
        Field(
            method: "updateStatus", others: #""externalId":"x","status":"failed","#, name: "errorMessage",
            accepted: [text(""), text("a\\u0000\\n"), text(String(repeating: "x", count: 100_000))],
            refused: ["1", "{}"]),
        Field(
            method: "updateStatus", others: #""externalId":"x","#, name: "status",
            accepted: ["pending", "processing", "completed", "failed"].map(text) + [text("f\\u0061iled")],
            refused: [text("Failed"), text(""), text("done"), "1", #"["failed"]"#]),
        Field(
            method: "createProject", others: #""userId":"a","credits":1,"#, name: "metadata",
            accepted: ["{}", "{\"a\":\"\(String(repeating: "x", count: 16_384 - 8))\"}", #"{"a":{"b":[1,null]}}"#],
            refused: ["{\"a\":\"\(String(repeating: "x", count: 16_384 - 7))\"}", "[]", text("{}"), "1"]),
        Field(
            method: "createProject", others: #""userId":"a","credits":1,"#, name: "lease",
            accepted: ["1", "1.0", "6e2"], refused: ["1.5", text("5"), "true", "1e300", "9007199254740992"]),
        Field(
            method: "explainProject", others: "", name: "projectId",
            accepted: [text("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")], refused: [text("x"), text(""), "1"]),
        Field(
            method: "listProjects", others: "", name: "status",
            accepted: [text("failed"), #"["failed"]"#, #"["failed","failed","pending"]"#],
            refused: ["[]", text("x"), #"["failed",1]"#, #"[["failed"]]"#, "{}"]),
        Field(
            method: "listProjects", others: "", name: "createdAfter",
            accepted: [text("2026-11-23T13:01:19Z"), text("2026-11-23T13:01:19.123456+02:00")],
            refused: [text("2026-11-23"), text("yesterday"), "0"]),
        Field(
            method: "listProjects", others: "", name: "limit", accepted: ["1", "500", "5e2"],
            refused: ["0", "501", "-1", "1.5"]),
        Field(
            method: "listEntries", others: #""userId":"a","#, name: "limit", accepted: ["1", "500"],
            refused: ["0", "501"]),
        Field(
            method: "listProjects", others: "", name: "includeStats", accepted: ["true", "false"],
            refused: ["1", text("true"), "[]"]),
        Field(
            method: "grantCredits", others: #""userId":"a","reason":"r","#, name: "credits",
            accepted: ["1", "-1", "9007199254740991", "-9007199254740991", "1.0", "1e2"],
            refused: ["9007199254740992", "-9007199254740992", "1.5", text("40"), "true", "1e400", "[]"]),
    ]

    private func error(_ field: Field, _ value: String) throws -> RPCError? {
        let request = try parseJSON("[\"\(field.method)\",{\(field.others)\"\(field.name)\":\(value)}]")
        let parts = Array(request.elements)
        let entry = try MethodTable.standard.entry(named: parts[0])
        do throws(RPCError) {
            _ = try entry.bind(parts[1])
            return nil
        } catch {
            return error
        }
    }

    @Test("take what they should", arguments: fields)
    func accepts(_ field: Field) throws {
        for value in field.accepted { #expect(try error(field, value)?.message == nil, "\(value.prefix(80))") }
    }

    @Test("refuse all else by name", arguments: fields)
    func refuses(_ field: Field) throws {
        for value in field.refused {
            let error = try error(field, value)
            #expect(error?.kind == .invalidParams, "\(value.prefix(80))")
            #expect(error?.fields.first { $0.name == "param" }?.value == .text(field.name))
        }
    }

    @Test("metadata is kept without white space between its tokens and with every byte inside of them")
    func metadata() throws {
        let json = try parseJSON("{ \"a b\" : [ 1.0 , \"x \\u0041 \\\" y\" ] ,\t\"é\":{ } }")
        let metadata = try Metadata(json: json)
        #expect(String(decoding: metadata.text, as: UTF8.self) == "{\"a b\":[1.0,\"x \\u0041 \\\" y\"],\"é\":{}}")
    }
}
