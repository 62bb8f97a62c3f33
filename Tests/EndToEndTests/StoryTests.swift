import Testing

@Suite("The story that the daemon is there for")
struct StoryTests {
    @Test("a failed project gives its credits back, once")
    func failureRefundsOnce() throws {
        let daemon = try TestDaemon()
        let connection = try daemon.connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 100, "reason": "welcome"])
        let created = try connection.call("createProject", ["userId": "ada", "credits": 40, "idempotencyKey": "k"])
        let id = try #require(created.string("project.projectId"))
        #expect(created.int("balance.available") == 60)

        let failed = try connection.call(
            "updateStatus", ["projectId": id, "status": "failed", "errorMessage": "GPU lost"])
        #expect(failed.bool("changed") == true)
        #expect(failed.int("creditsRefunded") == 40)
        #expect(failed.int("balance.available") == 100)

        let again = try connection.call("updateStatus", ["projectId": id, "status": "failed"])
        #expect(again.bool("changed") == false)
        #expect(again.string("project.errorMessage") == "GPU lost")
        #expect(again.int("balance.available") == 100)

        let contradiction = try connection.call("updateStatus", ["projectId": id, "status": "completed"])
        #expect(contradiction.kind == "terminalState")
        #expect(try connection.call("getBalance", ["userId": "ada"]).int("available") == 100)
        #expect(try connection.call("audit").bool("ok") == true)
    }
}
