internal import Glibc
internal import LifecycleSystem
internal import Logging
internal import TestSupport
internal import Testing

@testable import LifecycleRPC

@Suite("Logging to journald", .timeLimit(.minutes(60)))
struct JournalTests {
    /// A socket in the place of journald's.
    final class Journald {
        private let descriptor: Int32

        init(path: String) throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            let address = try #require(UnixSocketAddress(path: path))
            try #require(address.with { bind(descriptor, $0, $1) } == 0)
        }

        deinit { close(descriptor) }

        func next() throws -> [String: String] {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            try #require(poll(&entry, 1, 300_000) == 1)
            var bytes = [UInt8](repeating: 0, count: 64 * 1024)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            try #require(count > 0)
            let lines = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
            return Dictionary(
                uniqueKeysWithValues: lines.map {
                    let name = $0.prefix { $0 != "=" }
                    return (String(name), String($0.dropFirst(name.count + 1)))
                })
        }
    }

    private let folder: ScratchFolder
    private let log: LogSystem
    private let daemonLog: DaemonLog

    init() throws {
        folder = try ScratchFolder()
        log = try LogSystem(
            output: .journal, descriptor: -1, isColoured: false, capacity: 100, journalPath: folder.file("j"))
        daemonLog = DaemonLog(Logger(label: "test") { [log] _ in log.handler(level: .info) })
    }

    @Test("a record is one datagram, with the message's id and the fields")
    func record() throws {
        defer { log.close() }
        let journald = try Journald(path: folder.file("j"))
        daemonLog.write(.creditsGranted, [.user: "ada", .credits: "100"])
        let expected = [
            "PRIORITY": "6", "SYSLOG_IDENTIFIER": "lifecycled", "MESSAGE_ID": LogMessage.creditsGranted.id,
            "MESSAGE": "credits granted credits=100 user=ada", "LIFECYCLE_USER": "ada", "LIFECYCLE_CREDITS": "100",
        ]
        #expect(try journald.next() == expected)
    }

    @Test("without journald records are lost, which is told when it is back")
    func absent() throws {
        defer { log.close() }
        for _ in 0..<3 {
            daemonLog.write(.ready)
            #expect(log.flush(timeout: .seconds(300)))
        }
        #expect(log.droppedRecords == 3)
        for round in 1...2 {
            let journald = try Journald(path: folder.file("j"))
            daemonLog.write(.stopping)
            #expect(try journald.next()["MESSAGE_ID"] == LogMessage.stopping.id)
            let note = try journald.next()
            #expect(note["MESSAGE_ID"] == LogMessage.recordsDropped.id)
            #expect(note["LIFECYCLE_DROPPED"] == (round == 1 ? "3" : "1"))
            #expect(note["PRIORITY"] == "4")
            // It goes, and its socket stays.
            _ = consume journald
            daemonLog.write(.ready)
            #expect(log.flush(timeout: .seconds(300)))
            unlink(folder.file("j"))
        }
    }

    @Test("a journald that does not read holds up neither who logs nor the end; what was dropped is told later")
    func hung() throws {
        defer { log.close() }
        let journald = try Journald(path: folder.file("j"))
        let count = 20_000
        for index in 0..<count { daemonLog.write(.projectCreated, [.project: "\(index)"]) }
        #expect(log.droppedRecords > 0)
        #expect(!log.flush(timeout: .milliseconds(50)))

        var (seen, told) = (0, 0)
        while seen + told < count {
            let record = try journald.next()
            if let dropped = record["LIFECYCLE_DROPPED"] {
                told += try #require(Int(dropped))
            } else {
                #expect(record["LIFECYCLE_PROJECT"].flatMap(Int.init) ?? -1 >= seen)
                seen += 1
            }
        }
        #expect(seen + told == count)
        #expect(told == log.droppedRecords)
        #expect(log.flush(timeout: .seconds(300)))
    }

    @Test("refused connections are told of at once, then once a minute")
    func refusals() {
        let refusals = Refusals()
        let start = ContinuousClock.now
        #expect(refusals.add(at: start) == 1)
        #expect(refusals.add(at: start + .seconds(1)) == nil)
        #expect(refusals.add(at: start + .seconds(59)) == nil)
        #expect(refusals.add(at: start + .seconds(60)) == 3)
        #expect(refusals.add(at: start + .seconds(61)) == nil)
        #expect(refusals.add(at: start + .seconds(600)) == 2)
    }
}
