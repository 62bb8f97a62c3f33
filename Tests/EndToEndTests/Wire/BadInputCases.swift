import Testing

/// A request that must be refused, and how. In the texts `USER` is a user with 90 credits and 10 held, `ID` the
/// project that holds them, `EXT` its externalId and `KEY` its key; `OTHER` is another project's externalId.
struct BadInput: Sendable {
    let method: String
    let params: String
    let kind: String
    let param: String?

    static let all: [BadInput] = creates + reports + reads + postings

    private static func one(
        _ method: String, _ params: String, _ kind: String = "invalidParams", _ param: String? = nil
    ) -> [BadInput] {
        [BadInput(method: method, params: params, kind: kind, param: param)]
    }

    /// One for each value, which stands in the parameters where `@` does.
    private static func each(
        _ values: [String], _ method: String, _ params: String, _ kind: String, _ param: String
    ) -> [BadInput] {
        values.flatMap { one(method, params.replacing("@", with: $0), kind, param) }
    }

    private static func each(_ values: [String], _ method: String, _ params: String, _ param: String) -> [BadInput] {
        each(values, method, params, "invalidParams", param)
    }

    // MARK: Values

    static let noID = "01980000-0000-7000-8000-000000000000"

    private static func long(_ bytes: Int) -> String { "\"" + String(repeating: "x", count: bytes) + "\"" }
    private static let noTexts = ["1", "null", "true", "[]", "{}"]
    private static let unprintable = [
        #""a\u0000""#, #""\n""#, #""a\u001fb""#, #""\u007f""#, #""a\u0085""#, "\"\u{80}\"",
    ]
    private static let noUsers: [String] =
        noTexts + unprintable + ["\"\"", long(129), "\"" + String(repeating: "\u{E9}", count: 65) + "\""]
    private static let noKeys: [String] = noTexts + unprintable + ["\"\"", long(256)]
    private static let noIntegers = [
        "1.5", "0.1", "1e-1", "1e-400", "\"40\"", "\"\"", "true", "null", "[1]", "{}", "9007199254740992",
        "-9007199254740992", "1e400", "-1e400", "1e16", "18446744073709551616",
    ]
    private static let noObjects = [
        "1", "null", "true", "[]", "\"{}\"", #"{"a":\#(long(16 * 1024))}"#, #"{"a":\#(long(17 * 1024))}"#,
    ]
    private static let noStatuses = [
        "\"done\"", "\"Failed\"", "\"failed \"", "\"\"", "1", "null", "true", "[\"failed\"]", "{}",
    ]
    private static let noCodes = [
        "\"a b\"", "\"1a\"", "\"_a\"", "\"\u{E9}\"", long(65), "\"startTimeout\"", "\"leaseExpired\"",
        "\"runtimeExceeded\"",
    ]
    private static let noIDs: [String] =
        noTexts + [
            "\"\"", "\"x\"", "\"ID \"", "\" ID\"", "\"{ID}\"", "\"\(noID)0\"",
            "\"01980000-0000-7000-8000-00000000000\"",
            "\"01980000-0000-7000-8000-00000000000g\"", "\"01980000000070008000000000000000\"",
            "\"01980000-0000-7000-80000000-00000000\"",
        ]
    private static let noLimits = ["0", "501", "-1", "1.5", "\"5\"", "null", "1e400", "[]"]
    private static let noEntries = [
        "\"\"", "\"0\"", "\"-1\"", "\"01\"", "\" 1\"", "\"+1\"", "\"1.0\"", "\"x\"", "\"9223372036854775808\"", "1",
        "null",
    ]
    private static let noFilters = [
        "\"done\"", "[]", "[\"pending\",\"x\"]", "[\"pending\",1]", "1", "null", "{}", "\"\"", "[[\"pending\"]]",
    ]
    private static let noTimes = [
        "\"\"", "\"yesterday\"", "0", "null", "\"2026-02-30T00:00:00Z\"", "\"2026-01-01\"", "\"2026-01-01T25:00:00Z\"",
        "\"2026-01-01T00:00:00\"", "\"2026-01-01T00:00:00Z \"", "\"2026-13-01T00:00:00Z\"",
    ]

    // MARK: Requests

    private static let creates: [BadInput] = [
        each(noIntegers, "createProject", #"{"userId":"USER","credits":@}"#, "credits"),
        each(
            ["-1", "-9007199254740991", "1000001", "1e7", "9007199254740991", "90071992547409.91e2"], "createProject",
            #"{"userId":"USER","credits":@}"#, "amountOutOfRange", "credits"),
        each(noUsers, "createProject", #"{"userId":@,"credits":1}"#, "userId"),
        each(noKeys, "createProject", #"{"userId":"USER","credits":1,"idempotencyKey":@}"#, "idempotencyKey"),
        each(noKeys, "createProject", #"{"userId":"USER","credits":1,"externalId":@}"#, "externalId"),
        each(
            noTexts + unprintable + [long(256)], "createProject", #"{"userId":"USER","credits":1,"name":@}"#, "name"),
        each(noObjects, "createProject", #"{"userId":"USER","credits":1,"metadata":@}"#, "metadata"),
        each(
            noIntegers + ["0", "-1", "604801"], "createProject", #"{"userId":"USER","credits":1,"startTimeout":@}"#,
            "startTimeout"),
        each(noIntegers + ["0", "-1", "86401"], "createProject", #"{"userId":"USER","credits":1,"lease":@}"#, "lease"),
        each(
            noIntegers + ["0", "-1", "2592001"], "createProject", #"{"userId":"USER","credits":1,"maxRuntime":@}"#,
            "maxRuntime"),
        one("createProject", #"{"userId":"USER","credits":91}"#, "insufficientCredits"),
        one("createProject", #"{"userId":"USERx","credits":1}"#, "insufficientCredits"),
        one("createProject", #"{"userId":"USER","credits":1,"externalId":"EXT"}"#, "idempotencyConflict"),
        one("createProject", #"{"userId":"USER","credits":1,"idempotencyKey":"KEY"}"#, "idempotencyConflict"),
        // The order of checks: key, clocks, amount, externalId, balance.
        one(
            "createProject", #"{"userId":"USER","credits":-1,"idempotencyKey":"KEY","lease":0}"#, "idempotencyConflict"),
        one("createProject", #"{"userId":"USER","credits":-1,"lease":0}"#, "invalidParams", "lease"),
        one("createProject", #"{"userId":"USER","credits":-1,"externalId":"EXT"}"#, "amountOutOfRange", "credits"),
        one("createProject", #"{"userId":"USER","credits":91,"externalId":"EXT"}"#, "idempotencyConflict"),
    ].flatMap(\.self)

    private static let reports: [BadInput] = [
        each(noStatuses, "updateStatus", #"{"projectId":"ID","status":@}"#, "status"),
        each(noIDs, "updateStatus", #"{"projectId":@,"status":"failed"}"#, "projectId"),
        each(noKeys, "updateStatus", #"{"externalId":@,"status":"failed"}"#, "externalId"),
        each(noTexts, "updateStatus", #"{"projectId":"ID","status":"failed","errorMessage":@}"#, "errorMessage"),
        each(
            noTexts + unprintable + ["\"\""] + noCodes, "updateStatus",
            #"{"projectId":"ID","status":"failed","errorCode":@}"#, "errorCode"),
        each(
            ["processing", "completed"], "updateStatus", #"{"projectId":"ID","status":"@","errorMessage":"x"}"#,
            "errorMessage"),
        each(
            ["processing", "completed"], "updateStatus", #"{"projectId":"ID","status":"@","errorCode":"x"}"#,
            "errorCode"),
        one("updateStatus", #"{"status":"failed"}"#),
        one("updateStatus", #"{"projectId":"ID","status":"pending"}"#, "invalidTransition"),
        one("updateStatus", #"{"projectId":"\#(noID)","status":"failed"}"#, "projectNotFound"),
        one("updateStatus", #"{"projectId":"\#(noID)","externalId":"EXT","status":"failed"}"#, "projectNotFound"),
        one("updateStatus", #"{"externalId":"nowhere","status":"failed"}"#, "projectNotFound"),
        one("updateStatus", #"{"projectId":"ID","externalId":"OTHER","status":"failed"}"#, "idempotencyConflict"),
        one("updateStatus", #"{"projectId":"ID","externalId":"new","status":"pending"}"#, "idempotencyConflict"),
    ].flatMap(\.self)

    private static let reads: [BadInput] = [
        each(noIDs, "getStatus", #"{"projectId":@}"#, "projectId"),
        each(noKeys, "getStatus", #"{"externalId":@}"#, "externalId"),
        each(noIDs, "explainProject", #"{"projectId":@}"#, "projectId"),
        each(noKeys, "explainProject", #"{"externalId":@}"#, "externalId"),
        each(noIDs, "listProjects", #"{"cursor":@}"#, "cursor"),
        each(noLimits, "listProjects", #"{"limit":@}"#, "limit"),
        each(noLimits, "listEntries", #"{"userId":"USER","limit":@}"#, "limit"),
        each(noEntries, "listEntries", #"{"userId":"USER","cursor":@}"#, "cursor"),
        each(noFilters, "listProjects", #"{"status":@}"#, "status"),
        each(noTimes, "listProjects", #"{"createdAfter":@}"#, "createdAfter"),
        each(noTimes, "listProjects", #"{"createdBefore":@}"#, "createdBefore"),
        each(["1", "\"true\"", "null", "[]"], "listProjects", #"{"includeStats":@}"#, "includeStats"),
        each(noUsers, "getBalance", #"{"userId":@}"#, "userId"),
        each(noUsers, "listEntries", #"{"userId":@}"#, "userId"),
        each(noUsers, "listProjects", #"{"userId":@}"#, "userId"),
        each(noIntegers + ["-1"], "watch", #"{"fromSeq":@}"#, "fromSeq"),
        each(noUsers, "watch", #"{"userId":@}"#, "userId"),
        each(noIDs, "watch", #"{"projectId":@}"#, "projectId"),
        one("watch", #"{"projectId":"\#(noID)"}"#, "projectNotFound"),
        one("getStatus", "{}"),
        one("explainProject", "{}"),
        one("explainProject", #"{"externalId":"nowhere"}"#, "projectNotFound"),
        one("getStatus", #"{"projectId":"\#(noID)"}"#, "projectNotFound"),
        one("getStatus", #"{"externalId":"nowhere"}"#, "projectNotFound"),
        one("explainProject", #"{"projectId":"\#(noID)"}"#, "projectNotFound"),
        one("listProjects", #"{"cursor":"\#(noID)"}"#, "invalidParams", "cursor"),
    ].flatMap(\.self)

    private static let postings: [BadInput] =
        ["grantCredits", "adjustCredits"].flatMap(posting)
        + each(
            ["0", "-1", "-9007199254740991"], "grantCredits", #"{"userId":"USER","credits":@,"reason":"r"}"#,
            "amountOutOfRange", "credits")
        + one("adjustCredits", #"{"userId":"USER","credits":-91,"reason":"r"}"#, "insufficientCredits")
        + one("adjustCredits", #"{"userId":"USER","credits":-9007199254740991,"reason":"r"}"#, "insufficientCredits")

    private static func posting(_ method: String) -> [BadInput] {
        [
            each(noIntegers, method, #"{"userId":"USER","credits":@,"reason":"r"}"#, "credits"),
            // All that there is may once come back to the user, so what is held counts as well.
            each(
                ["9007199254740991", "9007199254740892"], method, #"{"userId":"USER","credits":@,"reason":"r"}"#,
                "amountOutOfRange", "credits"),
            each(noUsers, method, #"{"userId":@,"credits":1,"reason":"r"}"#, "userId"),
            each(noTexts + ["\"\"", long(1025)], method, #"{"userId":"USER","credits":1,"reason":@}"#, "reason"),
            each(
                noKeys, method, #"{"userId":"USER","credits":1,"reason":"r","idempotencyKey":@}"#, "idempotencyKey"),
            one(method, #"{"userId":"USER","credits":1,"reason":"r","idempotencyKey":"KEY"}"#, "idempotencyConflict"),
        ].flatMap(\.self)
    }
}
