/// Texts that are all valid: what the daemon is sent every day, and the corners of the grammar.
enum JSONCorpus {
    static let requests: [String] = [
        #"{"jsonrpc":"2.0","id":1,"method":"createProject","params":{"userId":"user-42","credits":40,"#
            + #""idempotencyKey":"0190f2c4-7a31-7c3e-9d11-2f4b5c6d7e8f","name":"Trailer"}}"#,
        #"{"jsonrpc":"2.0","id":2,"method":"createProject","params":{"userId":"u","credits":1e2,"#
            + #""metadata":{"scenes":[{"n":1,"prompt":"a cat"},{"n":2,"prompt":"ein Hund"}],"fps":23.976}}}"#,
        #"{"jsonrpc":"2.0","id":"a-1","method":"updateStatus","params":{"externalId":"sd-7f3a","#
            + #""status":"failed","errorMessage":"CUDA out of memory\n\tat step 3","errorCode":"pipelineFailed"}}"#,
        #"{"jsonrpc":"2.0","id":3,"method":"updateStatus","params":["0190f2c4","processing"]}"#,
        #"{"jsonrpc":"2.0","method":"heartbeat","params":{"projectId":"0190f2c4","progress":0.35,"attach":true}}"#,
        #"{"jsonrpc":"2.0","id":null,"method":"getBalance","params":{"userId":"Jürgen Müller"}}"#,
        #"{"jsonrpc":"2.0","id":9007199254740993,"method":"getStatus","params":{"projectId":"x"}}"#,
        #"{"jsonrpc":"2.0","id":1e400,"method":"rpc.discover"}"#,
        #"{"jsonrpc":"2.0","id":7,"method":"listProjects","params":{"status":["failed","completed"],"limit":500,"#
            + #""includeStats":true,"createdAfter":"2025-11-23T00:00:00.000Z"}}"#,
        #"[{"jsonrpc":"2.0","id":1,"method":"getMetrics"},{"jsonrpc":"2.0","method":"watch","params":{"fromSeq":0}}]"#,
        #"{"jsonrpc":"2.0","id":5,"method":"adjustCredits","params":{"userId":"u","credits":-250,"reason":"x"}}"#,
        "  {\"jsonrpc\" : \"2.0\",\t\"id\":\t1 , \"method\":\"audit\" ,\r\n \"params\":{ }\r}\r\n",
        #"{"jsonrpc":"2.0","id":6,"result":{"project":{"status":"failed","creditsRefunded":40},"changed":true}}"#,
        #"{"jsonrpc":"2.0","id":6,"error":{"code":-32601,"message":"?","data":{"kind":"methodNotFound"}}}"#,
    ]

    static let corners: [String] = [
        "{}", "[]", "[[]]", "[{}]", #"{"":{}}"#, "[[],[[]],{}]", "[1,2,3]", "[null,true,false]",
        #"{"a":{"b":{"c":[{"d":null}]}}}"#, "{\"a\":1,\"A\":2,\"\u{E1}\":3,\"a\u{301}\":4}",
        #"{"\u0061":1,"b":2,"\u0062\u0062":3}"#,
        #""""#, #""plain""#, #""\"\\\/\b\f\n\r\t""#, #""\u0000""#, #""\u00e9\u00E9\u20ac""#, #""\ud83d\ude00""#,
        #""\uD834\uDD1E\uDBFF\uDFFF\uD800\uDC00""#, #""\ufffe\uffff\ufdd0""#,
        "\"\u{FFFF}\u{10FFFF}\u{FEFF}\u{7F}\u{2028}\"",
        "\"é€😀 and 日本語 mixed with ASCII\"", #"["0123456\"","01234567\"","012345678\"","é1234567\"é"]"#,
        "true", "false", "null", "[0,-0,0.0,-0.0,0e0,0E+5,-0e-5]", "[1.5,-1.5,1e1,1E1,1e+1,1e-1,1.25e2,100e-2]",
        "[9007199254740991,-9007199254740991,9007199254740992,1e15,1e16,1e400,-1e400,1e-400]",
        "[123456789012345678901234567890,0.1,3.141592653589793238462643383279,1e99999999999999999999]",
        "[2.2250738585072014e-308,5e-324,1.7976931348623157e308,1.7976931348623159e308,4503599627370496.5]",
        #"{"a0":0,"a1":1,"a2":2,"a3":3,"a4":4,"a5":5,"a6":6,"a7":7,"a8":8,"a9":9,"b0":0,"b1":1,"b2":2,"b3":3,"#
            + #""b4":4,"b5":5,"b6":6,"b7":7,"\u00628":8,"b9":[],"c0":{"a0":0,"a1":1}}"#,
        String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
        String(repeating: #"{"a":"#, count: 64) + "0" + String(repeating: "}", count: 64),
        String(repeating: #"[{"k":"#, count: 31) + "[[1]]" + String(repeating: "}]", count: 31),
    ]

    static let all = requests + corners
}
