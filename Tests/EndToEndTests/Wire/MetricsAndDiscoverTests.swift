import Foundation
import TestSupport
import Testing

@Suite("What the daemon tells about itself")
struct MetricsAndDiscoverTests {
    @Test("the counters, gauges and latencies move with what happens")
    func metricsMove() throws {
        let daemon = try TestDaemon()
        let connection = try daemon.admittedConnection()
        try waitFor("the others to be gone") {
            try connection.call("getMetrics").metric("gauges", "lifecycle_connections") == 1
        }
        let before = try connection.call("getMetrics")
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 5, "reason": "r"])
        _ = try connection.call("getBalance", ["userId": "ada"])
        _ = try connection.call("getStatus", ["externalId": "nowhere"])
        _ = try connection.call("createProject", ["userId": "ada", "credits": 6])
        _ = try connection.call("nonsense")
        try connection.send("{\n" + #"{"jsonrpc":"2.0","method":"getBalance","params":["ada"]}"# + "\n")
        _ = try connection.line()
        let second = try daemon.admittedConnection()
        let after = try connection.call("getMetrics")
        second.close()

        func moved(_ section: String, _ name: String, _ labels: [String: String] = [:]) -> Double {
            (after.metric(section, name, labels) ?? -1) - (before.metric(section, name, labels) ?? 0)
        }
        let requests = "lifecycle_requests_total"
        #expect(moved("counters", requests, ["method": "grantCredits", "outcome": "ok"]) == 1)
        // The notification, and what admitted the second connection, count as well.
        #expect(moved("counters", requests, ["method": "getBalance", "outcome": "ok"]) == 3)
        #expect(moved("counters", requests, ["method": "getStatus", "outcome": "error"]) == 1)
        #expect(moved("counters", requests, ["method": "createProject", "outcome": "error"]) == 1)
        for kind in ["projectNotFound", "insufficientCredits", "methodNotFound", "parseError"] {
            #expect(moved("counters", "lifecycle_errors_total", ["kind": kind]) == 1)
        }
        #expect(moved("counters", "lifecycle_commits_total") >= 1)
        #expect(moved("counters", "lifecycle_committed_writes_total") >= 1)
        #expect(moved("gauges", "lifecycle_connections") == 1)
        #expect(moved("histograms", "lifecycle_request_seconds", ["method": "grantCredits"]) == 1)
        #expect(moved("histograms", "lifecycle_commit_seconds") >= 1)
    }

    @Test("the Prometheus text can be parsed, and says the same as the JSON")
    func prometheus() throws {
        let daemon = try SharedDaemon.get()
        let reply = try daemon.call("getMetrics")
        let text = try #require(reply.string("prometheus"))
        #expect(text.hasSuffix("\n") && !text.contains("\n\n"))
        let sample =
            /([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)+)\})? ([0-9.e+-]+|NaN|[+-]Inf)/
        var types: [String: String] = [:]
        var helps: [String: String] = [:]
        var buckets: [String: [Double]] = [:]
        var samples = 0
        var seen: Set<String> = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("#") {
                let words = line.split(separator: " ", maxSplits: 3)
                try #require(words.count == 4, "\(line)")
                if words[1] == "HELP" {
                    #expect(helps.updateValue(String(words[3]), forKey: String(words[2])) == nil, "\(line) twice")
                    #expect(words[3].hasSuffix(".") && words[3] != "Not described.", "MetricHelp has no \(words[2])")
                    continue
                }
                try #require(words[1] == "TYPE", "\(line)")
                #expect(helps[String(words[2])] != nil, "\(line) without a HELP before it")
                #expect(types.updateValue(String(words[3]), forKey: String(words[2])) == nil, "\(line) twice")
                continue
            }
            let match = try #require(line.wholeMatch(of: sample), "\(line)")
            let name = String(match.1)
            samples += 1
            #expect(seen.insert(line.split(separator: " ").dropLast().joined()).inserted, "\(line) twice")
            let family = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) && types[name] == nil }
            #expect(types[String(name.dropLast(family?.count ?? 0))] != nil, "\(line) has no TYPE")
            if name.hasSuffix("_bucket") {
                let labels = String(match.2 ?? "").replacing(/,?le="[^"]*"/, with: "")
                buckets[name + labels, default: []].append(try #require(Double(match.3)))
            }
        }
        for (series, counts) in buckets { #expect(counts == counts.sorted(), "\(series) is not cumulative") }
        let counters = try #require(reply["counters"] as? [Any])
        let histograms = try #require(reply["histograms"] as? [[String: Any]])
        let gauges = try #require(reply["gauges"] as? [Any])
        let perHistogram = histograms.map { ($0["buckets"] as? [Any] ?? []).count + 3 }
        #expect(samples == counters.count + gauges.count + perHistogram.reduce(0, +))
    }

    @Test("rpc.discover has every method of the contract, with its parameters in their order")
    func discover() throws {
        let document = try SharedDaemon.get().call("rpc.discover")
        #expect(document.string("openrpc")?.hasPrefix("1.") == true)
        #expect(document.string("info.title") == "lifecycle-rpc")
        #expect(document.string("info.version")?.isEmpty == false)
        let methods = try #require(document["methods"] as? [[String: Any]])
        #expect(methods.map { $0["name"] as? String } == MethodCase.all.map(\.name))
        for (method, expected) in zip(methods, MethodCase.all) {
            let params = try #require(method["params"] as? [[String: Any]])
            #expect(params.map { $0["name"] as? String } == expected.parameters)
            let required = params.filter { $0["required"] as? Bool == true }.compactMap { $0["name"] as? String }
            #expect(Set(required) == expected.required)
            for param in params {
                let schema = try #require(param["schema"] as? [String: Any])
                #expect(schema["type"] is String || schema["anyOf"] is [Any])
                #expect((param["description"] as? String)?.hasSuffix(".") == true)
            }
            let roles = Set(try #require(method["x-roles"] as? [String]))
            #expect(roles.subtracting(["admin"]) == expected.roles)
            let effect = [
                "createProject", "updateStatus", "heartbeat", "cancelProject", "retryProject", "grantCredits",
                "adjustCredits",
            ].contains(expected.name)
            #expect(method["x-effect"] as? String == (effect ? "write" : "read"))
            let result = try #require(method["result"] as? [String: Any])
            #expect(result["name"] is String && result["schema"] is [String: Any])
        }
    }

    @Test("rpc.discover has every error kind with its code, and every limit as it is set")
    func errorsAndLimits() throws {
        let daemon = try TestDaemon(["--max-batch", "7", "--lease", "61"])
        let document = try daemon.call("rpc.discover")
        let errors = try #require(document["x-errors"] as? [[String: Any]])
        let kinds = errors.compactMap { $0["kind"] as? String }
        let codes = errors.compactMap { $0["code"] as? Int }
        let retryable = errors.filter { $0["retryable"] as? Bool == true }.compactMap { $0["kind"] as? String }
        let table = Dictionary(uniqueKeysWithValues: zip(kinds, codes))
        #expect(
            table == [
                "parseError": -32700, "invalidRequest": -32600, "methodNotFound": -32601, "invalidParams": -32602,
                "internalError": -32603, "permissionDenied": -32001, "requestTooLarge": -32007, "replyTooLarge": -32008,
                "busy": -32009, "batchTooLarge": -32010, "projectNotFound": 1001, "insufficientCredits": 1002,
                "invalidTransition": 1003, "terminalState": 1004, "idempotencyConflict": 1005, "amountOutOfRange": 1006,
                "storageFull": 1007, "storageUnavailable": 1008, "backupFailed": 1009,
                "outcomeUnknown": 1010,
            ])
        #expect(Set(retryable) == ["busy", "storageFull", "storageUnavailable", "outcomeUnknown"])
        let limits = try #require(document["x-limits"] as? [String: Int])
        #expect(limits["maxBatch"] == 7)
        #expect(limits["lease"] == 61)
        #expect(limits["maxLineBytes"] == 1_048_576)
        #expect(limits["maxDepth"] == 64)
        #expect(limits["maxProjectCredits"] == 1_000_000)
        let eight = "[" + (1...8).map { Ping.request(id: "\($0)") }.joined(separator: ",") + "]"
        #expect(try Reply(daemon.answer(to: eight)).data?["limit"] as? Int == 7)
    }
}
