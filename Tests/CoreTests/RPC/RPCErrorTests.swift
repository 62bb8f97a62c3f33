internal import LifecycleCore
internal import Testing

@Suite("Errors")
struct RPCErrorTests {
    /// One of each kind, and the fields that the protocol promises for it.
    static let samples: [(RPCError, [String])] = [
        (.invalidRequest("A request must be an object."), []),
        (.methodNotFound("m"), []),
        (.invalidParams("p", "is missing"), ["param", "reason"]),
        (.internalError("x"), []),
        (
            .permissionDenied(method: "m", allowed: [.app, .agent], caller: Caller(uid: 1, gid: 2, pid: 3, roles: [])),
            ["method", "role", "caller"]
        ),
        (.requestTooLarge(limit: 5), ["limit"]),
        (.replyTooLarge(limit: 5), ["limit"]),
        (.batchTooLarge(limit: 5), ["limit"]),
        (.stopping, []),
        (.projectNotFound(.externalID("x")), []),
        (.insufficientCredits(available: 1, required: 2), ["available", "required"]),
        (.invalidTransition(from: .pending, to: .pending), ["from", "to", "allowed"]),
        (.terminalState(.blank), ["status", "finishedAt", "creditsRefunded"]),
        (.idempotencyConflict("x", differs: ["credits"]), ["differs"]),
        (.amountOutOfRange("credits", 5, allowed: 0...1), ["param", "minimum", "maximum"]),
        (.storageFull, []),
        (.storageUnavailable("x"), []),
        (.backupFailed("the disk is full"), ["reason"]),
        (.outcomeUnknown, []),
    ]

    @Test("are written with code, message and data, whose members are promised", arguments: samples)
    func written(_ error: RPCError, _ fields: [String]) throws {
        var json = JSONWriter()
        error.write(to: &json)
        let value = try parseJSON(json.bytes)
        #expect(value.members.map { $0.name.string } == ["code", "message", "data"])
        #expect(value["code"]?.integer == error.kind.code)
        #expect(value["message"]?.string == error.message)
        let data = try #require(value["data"])
        #expect(data.members.map { $0.name.string } == ["kind", "retryable"] + fields + ["hint"])
        #expect(data["kind"]?.string == error.kind.name)
        #expect(data["retryable"]?.bool == error.kind.retryable)
        #expect(data["hint"]?.string == error.hint)
        for text in [error.message, error.hint] {
            #expect(text.hasSuffix(".") && text.count > 10, "one whole sentence: \(text)")
        }
    }

    @Test("a parse error says what and where")
    func parseError() throws {
        let error = try #require(syntaxError("{\"a\":1,}"))
        #expect(RPCError.parseError(error).message.contains("byte 7"))
    }

    @Test("every kind has a sample here, but for the parse error that has its own test")
    func complete() {
        #expect(Set(Self.samples.map(\.0.kind)).union([.parseError]) == Set(ErrorKind.all))
    }

    @Test("codes and kinds are the protocol's, for ever")
    func frozen() {
        #expect(
            ErrorKind.all.map { "\($0.code) \($0.name)\($0.retryable ? " retryable" : "")" } == [
                "-32700 parseError", "-32600 invalidRequest", "-32601 methodNotFound", "-32602 invalidParams",
                "-32603 internalError", "-32001 permissionDenied", "-32007 requestTooLarge", "-32008 replyTooLarge",
                "-32009 busy retryable", "-32010 batchTooLarge", "1001 projectNotFound", "1002 insufficientCredits",
                "1003 invalidTransition", "1004 terminalState", "1005 idempotencyConflict", "1006 amountOutOfRange",
                "1007 storageFull retryable", "1008 storageUnavailable retryable", "1009 backupFailed",
                "1010 outcomeUnknown retryable",
            ])
    }
}
