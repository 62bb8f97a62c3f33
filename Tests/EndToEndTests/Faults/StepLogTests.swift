import Foundation
import TestSupport
import Testing

@Suite("The log of steps")
struct StepLogTests {
    /// The lines with this message, once there are so many.
    private func lines(_ daemon: TestDaemon, _ message: String, atLeast count: Int = 1) throws -> [String] {
        func found() -> [String] {
            daemon.logLines.filter { $0.contains(" \(message) ") }
        }
        try waitFor(message) { found().count >= count }
        return found()
    }

    @Test("each step is one line with project, user, credits and caller")
    func steps() throws {
        let daemon = try TestDaemon()
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "welcome"])
        var ids: [String] = []
        for _ in 0..<2 {
            let created = try connection.call("createProject", ["userId": "ada", "credits": 40])
            ids.append(try #require(created.string("project.projectId")))
        }
        _ = try connection.call("updateStatus", ["projectId": ids[0], "status": "processing"])
        _ = try connection.call("updateStatus", ["projectId": ids[0], "status": "failed", "errorMessage": "GPU lost"])
        _ = try connection.call("updateStatus", ["projectId": ids[1], "status": "completed"])
        _ = try connection.call("createProject", ["userId": "ada", "credits": 99])

        let caller = "callerPid=\(getpid()) callerUid=\(geteuid())"
        for (message, method, project, count) in [
            ("project created", "createProject", ids[0], 2), ("project failed", "updateStatus", ids[0], 1),
            ("credits refunded", "updateStatus", ids[0], 1),
        ] {
            let found = try lines(daemon, message, atLeast: count)
            #expect(found.count == count, "\(found)")
            for part in ["project=\(project)", "user=ada", "credits=40", "method=\(method)", caller] {
                #expect(found.first?.contains(part) == true, "\(message): \(found.first ?? "")")
            }
        }
        let updates = try lines(daemon, "status updated", atLeast: 2)
        #expect(updates.contains { $0.contains("project=\(ids[0])") && $0.contains("status=processing") })
        #expect(updates.contains { $0.contains("project=\(ids[1])") && $0.contains("status=completed") })
        let rolledBack = try lines(daemon, "request refused")
        #expect(rolledBack.count == 1)
        #expect(rolledBack[0].contains("errorCode=insufficientCredits"))
        #expect(rolledBack[0].contains("user=ada"), "\(rolledBack[0])")
        #expect(rolledBack[0].contains("credits=99"), "\(rolledBack[0])")
        #expect(rolledBack[0].contains(caller))
    }

    @Test("what callers send stays on one line, whatever it holds")
    func oneLine() throws {
        let daemon = try TestDaemon()
        let connection = try daemon.connect()
        let evil = "x\u{2028}2026-01-01T00:00:00.000Z critical forged\u{85}\u{202E}\u{FEFF}y"
        _ = try connection.call("grantCredits", ["userId": evil, "credits": 100, "reason": evil])
        let created = try connection.call("createProject", ["userId": evil, "credits": 4, "name": evil])
        let made = try created.string("project.projectId") ?? fallback(connection, evil)
        let id = try #require(made)
        let message = "one\n2026-01-01T00:00:00.000Z critical forged\r\u{1b}[2J\u{0}\u{2029}two"
        for status in ["failed", "completed", "failed"] {
            var params: [String: Any] = ["projectId": id, "status": status]
            if status == "failed" { params["errorMessage"] = message }
            _ = try connection.call("updateStatus", params)
        }
        _ = try lines(daemon, "project failed")
        _ = try lines(daemon, "report refused")
        for line in daemon.log.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            #expect(!line.isEmpty && !line.hasPrefix("2026-01-01"))
            let isClean = line.unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator: false
                default: true
                }
            }
            #expect(isClean, "\(line.debugDescription)")
        }
    }

    /// Where such a userId is refused, another one goes on.
    private func fallback(_ connection: Connection, _ reason: String) throws -> String? {
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 100, "reason": reason])
        return try connection.call("createProject", ["userId": "ada", "credits": 4]).string("project.projectId")
    }

    @Test("a standard error that nobody reads never holds up the daemon")
    func blockedStandardError() throws {
        let folder = try ScratchFolder()
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let daemon = try SpawnedDaemon(
            database: folder.file("l.db"), socket: folder.file("s"), standardError: ends[1])
        try waitFor("the daemon to listen") { (try? daemon.connect()) != nil }
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 10_000, "reason": "r"])
        // More lines than the pipe and the queue of the log hold.
        for round in 0..<100 {
            let text = try (0..<100).map {
                try Connection.request("createProject", ["userId": "ada", "credits": 1], id: round * 100 + $0)
            }
            try connection.send(text.joined())
            for _ in 0..<100 { #expect(try connection.reply().result != nil) }
        }
        #expect(try connection.call("getBalance", ["userId": "ada"]).int("available") == 0)
        connection.close()
        #expect(daemon.stop() == 0, "nor its end")
    }
}
