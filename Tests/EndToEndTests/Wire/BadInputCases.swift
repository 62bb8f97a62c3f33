import Testing

/// A request that must be refused, and how. In the texts `USER` is a user with 90 credits and 10 held, `ID` the
/// project that holds them, `EXT` its externalId and `KEY` its key; `OTHER` is another project's externalId.
struct BadInput: Sendable, CustomTestStringConvertible {
    let method: String
    let params: String
    let kind: String
    let param: String?
    var testDescription: String { "\(method) \(params.prefix(120))" }

    init(_ method: String, _ params: String, _ kind: String = "invalidParams", _ param: String? = nil) {
        self.method = method
        self.params = params
        self.kind = kind
        self.param = param
    }

    static let all = creates + reports + reads + postings

    private static func long(_ bytes: Int) -> String { "\"" + String(repeating: "x", count: bytes) + "\"" }
    private static let wrongTexts = ["1", "null", "true", "[]", "{}"]
    /// No text that a line of an id or a key may hold.
    private static let unprintable = [#""a\u0000""#, #""\n""#, #""a\u001fb""#, #""\u007f""#, #""a\u0085""#, "\"\u{80}\""]
    private static let noIntegers = [
        "1.5", "0.1", "1e-1", "1e-400", "\"40\"", "\"\"", "true", "null", "[1]", "{}", "9007199254740992",
        "-9007199254740992", "1e400", "-1e400", "1e16", "18446744073709551616",
    ]

    private static let creates: [BadInput] =
        noIntegers.map { BadInput("createProject", #"{"userId":"USER","credits":\#($0)}"#, "invalidParams", "credits") }
        + ["-1", "-9007199254740991", "1000001", "1e7", "9007199254740991", "90071992547409.91e2"].map {
            BadInput("createProject", #"{"userId":"USER","credits":\#($0)}"#, "amountOutOfRange", "credits")
        }
        + (wrongTexts + unprintable + ["\"\"", long(129), "\"" + String(repeating: "\u{E9}", count: 65) + "\""]).map {
            BadInput("createProject", #"{"userId":\#($0),"credits":1}"#, "invalidParams", "userId")
        }
        + ["idempotencyKey", "externalId"].flatMap { name in
            (wrongTexts + unprintable + ["\"\"", long(256)]).map {
                BadInput("createProject", #"{"userId":"USER","credits":1,"\#(name)":\#($0)}"#, "invalidParams", name)
            }
        }
        + (wrongTexts + unprintable + [long(256)]).map {
            BadInput("createProject", #"{"userId":"USER","credits":1,"name":\#($0)}"#, "invalidParams", "name")
        }
        + ["1", "null", "true", "[]", "\"{}\"", #"{"a":\#(long(16 * 1024))}"#, #"{"a":\#(long(17 * 1024))}"#].map {
            BadInput("createProject", #"{"userId":"USER","credits":1,"metadata":\#($0)}"#, "invalidParams", "metadata")
        }
        + [("startTimeout", 604_800), ("lease", 86_400), ("maxRuntime", 2_592_000)].flatMap { name, longest in
            (noIntegers + ["0", "-1", "\(longest + 1)", "9007199254740991"]).map {
                BadInput("createProject", #"{"userId":"USER","credits":1,"\#(name)":\#($0)}"#, "invalidParams", name)
            }
        }
        + [
            BadInput("createProject", #"{"userId":"USER","credits":91}"#, "insufficientCredits"),
            BadInput("createProject", #"{"userId":"USERx","credits":1}"#, "insufficientCredits"),
            BadInput("createProject", #"{"userId":"USER","credits":1,"externalId":"EXT"}"#, "idempotencyConflict"),
            BadInput("createProject", #"{"userId":"USER","credits":1,"idempotencyKey":"KEY"}"#, "idempotencyConflict"),
            // The order of checks: key, clocks, amount, externalId, balance.
            BadInput(
                "createProject", #"{"userId":"USER","credits":-1,"idempotencyKey":"KEY","lease":0}"#, "idempotencyConflict"),
            BadInput("createProject", #"{"userId":"USER","credits":-1,"lease":0}"#, "invalidParams", "lease"),
            BadInput(
                "createProject", #"{"userId":"USER","credits":-1,"externalId":"EXT"}"#, "amountOutOfRange", "credits"),
            BadInput("createProject", #"{"userId":"USER","credits":91,"externalId":"EXT"}"#, "idempotencyConflict"),
        ]

    private static let reports: [BadInput] =
        ["\"done\"", "\"Failed\"", "\"failed \"", "\"\"", "1", "null", "true", "[\"failed\"]", "{}"].map {
            BadInput("updateStatus", #"{"projectId":"ID","status":\#($0)}"#, "invalidParams", "status")
        }
        + wrongIDs.map {
            BadInput("updateStatus", #"{"projectId":\#($0),"status":"failed"}"#, "invalidParams", "projectId")
        }
        + (wrongTexts + unprintable + ["\"\"", long(256)]).map {
            BadInput("updateStatus", #"{"externalId":\#($0),"status":"failed"}"#, "invalidParams", "externalId")
        }
        + wrongTexts.map {
            BadInput(
                "updateStatus", #"{"projectId":"ID","status":"failed","errorMessage":\#($0)}"#, "invalidParams",
                "errorMessage")
        }
        + (wrongTexts + unprintable
            + ["\"\"", "\"a b\"", "\"1a\"", "\"_a\"", "\"\u{E9}\"", long(65), "\"startTimeout\"", "\"leaseExpired\"",
                "\"runtimeExceeded\""]).map {
                BadInput(
                    "updateStatus", #"{"projectId":"ID","status":"failed","errorCode":\#($0)}"#, "invalidParams",
                    "errorCode")
            }
        + ["processing", "completed"].flatMap { status in
            ["errorMessage", "errorCode"].map {
                BadInput("updateStatus", #"{"projectId":"ID","status":"\#(status)","\#($0)":"x"}"#, "invalidParams", $0)
            }
        }
        + [
            BadInput("updateStatus", #"{"status":"failed"}"#),
            BadInput("updateStatus", #"{"projectId":"ID","status":"pending"}"#, "invalidTransition"),
            BadInput("updateStatus", #"{"projectId":"\#(noID)","status":"failed"}"#, "projectNotFound"),
            BadInput("updateStatus", #"{"projectId":"\#(noID)","externalId":"EXT","status":"failed"}"#, "projectNotFound"),
            BadInput("updateStatus", #"{"externalId":"nowhere","status":"failed"}"#, "projectNotFound"),
            BadInput("updateStatus", #"{"projectId":"ID","externalId":"OTHER","status":"failed"}"#, "idempotencyConflict"),
            BadInput("updateStatus", #"{"projectId":"ID","externalId":"new","status":"failed"}"#, "idempotencyConflict"),
        ]

    static let noID = "01980000-0000-7000-8000-000000000000"
    private static let wrongIDs =
        wrongTexts + [
            "\"\"", "\"x\"", "\"ID \"", "\" ID\"", "\"{ID}\"", "\"\(noID.dropLast())\"", "\"\(noID)0\"",
            "\"01980000-0000-7000-8000-00000000000g\"", "\"01980000000070008000000000000000\"",
            "\"01980000-0000-7000-80000000-00000000\"",
        ]

    private static let reads: [BadInput] =
        wrongIDs.flatMap {
            [
                BadInput("getStatus", #"{"projectId":\#($0)}"#, "invalidParams", "projectId"),
                BadInput("explainProject", #"{"projectId":\#($0)}"#, "invalidParams", "projectId"),
                BadInput("listProjects", #"{"cursor":\#($0)}"#, "invalidParams", "cursor"),
            ]
        }
        + ["0", "501", "-1", "1.5", "\"5\"", "null", "1e400", "[]"].flatMap {
            [
                BadInput("listProjects", #"{"limit":\#($0)}"#, "invalidParams", "limit"),
                BadInput("listEntries", #"{"userId":"USER","limit":\#($0)}"#, "invalidParams", "limit"),
            ]
        }
        + ["\"\"", "\"0\"", "\"-1\"", "\"01\"", "\" 1\"", "\"+1\"", "\"1.0\"", "\"x\"", "\"9223372036854775808\"", "1", "null"]
        .map { BadInput("listEntries", #"{"userId":"USER","cursor":\#($0)}"#, "invalidParams", "cursor") }
        + ["\"done\"", "[]", "[\"pending\",\"x\"]", "[\"pending\",1]", "1", "null", "{}", "\"\"", "[[\"pending\"]]"].map {
            BadInput("listProjects", #"{"status":\#($0)}"#, "invalidParams", "status")
        }
        + ["createdAfter", "createdBefore"].flatMap { name in
            ["\"\"", "\"yesterday\"", "0", "null", "\"2026-02-30T00:00:00Z\"", "\"2026-01-01\"", "\"2026-01-01T25:00:00Z\"",
                "\"2026-01-01T00:00:00\"", "\"2026-01-01T00:00:00Z \"", "\"2026-13-01T00:00:00Z\""].map {
                    BadInput("listProjects", #"{"\#(name)":\#($0)}"#, "invalidParams", name)
                }
        }
        + ["1", "\"true\"", "null", "[]"].map {
            BadInput("listProjects", #"{"includeStats":\#($0)}"#, "invalidParams", "includeStats")
        }
        + (wrongTexts + unprintable + ["\"\"", long(129)]).flatMap {
            [
                BadInput("getBalance", #"{"userId":\#($0)}"#, "invalidParams", "userId"),
                BadInput("listEntries", #"{"userId":\#($0)}"#, "invalidParams", "userId"),
                BadInput("listProjects", #"{"userId":\#($0)}"#, "invalidParams", "userId"),
            ]
        }
        + [
            BadInput("getStatus", "{}"),
            BadInput("getStatus", #"{"projectId":"\#(noID)"}"#, "projectNotFound"),
            BadInput("getStatus", #"{"externalId":"nowhere"}"#, "projectNotFound"),
            BadInput("explainProject", #"{"projectId":"\#(noID)"}"#, "projectNotFound"),
            BadInput("listProjects", #"{"cursor":"\#(noID)"}"#, "invalidParams", "cursor"),
        ]

    private static let postings: [BadInput] = ["grantCredits", "adjustCredits"].flatMap { method in
        noIntegers.map {
            BadInput(method, #"{"userId":"USER","credits":\#($0),"reason":"r"}"#, "invalidParams", "credits")
        }
            + (wrongTexts + unprintable + ["\"\"", long(129)]).map {
                BadInput(method, #"{"userId":\#($0),"credits":1,"reason":"r"}"#, "invalidParams", "userId")
            }
            + (wrongTexts + ["\"\"", long(1025)]).map {
                BadInput(method, #"{"userId":"USER","credits":1,"reason":\#($0)}"#, "invalidParams", "reason")
            }
            + (wrongTexts + unprintable + ["\"\"", long(256)]).map {
                BadInput(
                    method, #"{"userId":"USER","credits":1,"reason":"r","idempotencyKey":\#($0)}"#, "invalidParams",
                    "idempotencyKey")
            }
            + [
                BadInput(
                    method, #"{"userId":"USER","credits":9007199254740991,"reason":"r"}"#, "amountOutOfRange", "credits"),
                BadInput(
                    method, #"{"userId":"USER","credits":9007199254740892,"reason":"r"}"#, "amountOutOfRange", "credits"),
                BadInput(
                    method, #"{"userId":"USER","credits":1,"reason":"r","idempotencyKey":"KEY"}"#, "idempotencyConflict"),
            ]
    } + ["0", "-1", "-9007199254740991"].map {
        BadInput("grantCredits", #"{"userId":"USER","credits":\#($0),"reason":"r"}"#, "amountOutOfRange", "credits")
    } + ["-91", "-100", "-9007199254740991"].map {
        BadInput("adjustCredits", #"{"userId":"USER","credits":\#($0),"reason":"r"}"#, "insufficientCredits")
    }
}
