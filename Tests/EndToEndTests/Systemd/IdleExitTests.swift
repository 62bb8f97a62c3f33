import Foundation
import TestSupport
import Testing

@Suite("Going when idle")
struct IdleExitTests {
    private let folder: ScratchFolder
    private let listener: UnixSocket
    private var path: String { folder.file("s") }

    init() throws {
        folder = try ScratchFolder()
        listener = try UnixSocket(path: folder.file("s"))
    }

    /// Started by the connection that waits at the listener, as systemd does it.
    private func activate() throws -> SpawnedDaemon {
        try SpawnedDaemon(
            database: folder.file("l.db"), ["--idle-exit", "1"], passing: [listener.descriptor])
    }

    @Test("with nobody connected and nothing unfinished it ends with 0, though nobody ever came")
    func nobody() throws {
        let daemon = try activate()
        try waitFor("the idle exit") { !daemon.child.isRunning }
        #expect(daemon.child.exitCode() == 0)
        #expect(daemon.log.contains("no connection and no unfinished project"))
    }

    @Test("it stays while somebody is connected, and while a project is unfinished")
    func stays() throws {
        let daemon = try activate()
        let connection = try Connection(path)
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": 10, "reason": "r"])
        let clock = ContinuousClock()
        var start = clock.now
        try waitFor("more than the idle time, connected") { clock.now - start > .milliseconds(2200) }
        #expect(daemon.child.isRunning)
        let created = try connection.call("createProject", ["userId": "ada", "credits": 1])
        let id = try #require(created.string("project.projectId"))
        connection.close()

        start = clock.now
        try waitFor("more than the idle time, with a project") { clock.now - start > .milliseconds(2200) }
        #expect(daemon.child.isRunning)

        let last = try Connection(path)
        #expect(try last.call("updateStatus", ["projectId": id, "status": "completed"]).bool("changed") == true)
        last.close()
        try waitFor("the idle exit") { !daemon.child.isRunning }
        #expect(daemon.child.exitCode() == 0)
    }

    /// LIFECYCLE_IDLE_COUNT sets how many callers come in all; `make idle` asks for a thousand.
    static let lanes = 4
    static let callers = (ProcessInfo.processInfo.environment["LIFECYCLE_IDLE_COUNT"].flatMap(Int.init) ?? 24) / lanes

    @Test(
        "whoever calls while it goes is answered by the next one: nothing is lost between two lives",
        arguments: 0..<lanes)
    func reactivation(_ lane: Int) throws {
        let isOver = Box(false)
        let lives = Box(0)
        let manager = Thread {
            do {
                while !isOver.value {
                    try waitFor("a caller") { listener.hasCaller || isOver.value }
                    guard listener.hasCaller else { break }
                    lives.change { $0 += 1 }
                    let daemon = try activate()
                    while daemon.child.isRunning { usleep(500) }
                    #expect(daemon.child.exitCode() == 0)
                }
            } catch { Issue.record(error) }
            isOver.change { $0 = false }
        }
        manager.start()

        let clock = ContinuousClock()
        var expected = 0
        // Around the second at which it goes: a little before, and a little after.
        for round in 0..<Self.callers {
            let pause = round == 0 ? 0 : 996 + (round * 7 + lane * 5) % 28
            let start = clock.now
            try waitFor("the right moment") { clock.now - start > .milliseconds(pause) }
            let connection = try Connection(path)
            expected += 1
            let reply = try connection.call("grantCredits", ["userId": "ada", "credits": 1, "reason": "r"])
            #expect(reply.int("balance.available") == expected)
        }
        isOver.change { $0 = true }
        try waitFor("the end of the last life") { !isOver.value }
        print("idle exit: \(lives.value) lives for \(expected) callers")
        if Self.callers > 5 { #expect(lives.value > 1) }
    }
}
