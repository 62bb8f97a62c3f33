internal import Glibc
internal import LifecycleSystem
internal import Logging
internal import Synchronization
internal import Testing

@testable import LifecycleRPC

@Suite("Log records")
struct LogHandlerTests {
    /// Collects what the queue would write.
    final class Sink: Sendable {
        let records = Mutex<[[UInt8]]>([])

        func queue() throws -> LogQueue {
            try LogQueue(
                capacity: 1000, dropNote: { Array("\($0) dropped\n".utf8) },
                write: { records in
                    self.records.withLock { $0 += records }
                    return 0
                })
        }
    }

    typealias MakeHandler = (LogQueue) -> any LogHandler

    /// The records that `body` makes, through a logger with the handler that `makeHandler` makes.
    func records(_ makeHandler: MakeHandler, of body: (inout Logger) -> Void) throws -> [String] {
        let sink = Sink()
        let queue = try sink.queue()
        defer { queue.close() }
        let handler = makeHandler(queue)
        var logger = Logger(label: "test") { _ in handler }
        body(&logger)
        #expect(queue.flush(timeout: .seconds(300)))
        return sink.records.withLock { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    let journalHandler: MakeHandler = { QueueLogHandler(queue: $0, format: .journal, logLevel: .trace) }

    /// The lines that `body` makes, without their time and line end.
    func lines(isColoured: Bool = false, _ body: (inout Logger) -> Void) throws -> [String] {
        let makeHandler: MakeHandler = {
            QueueLogHandler(queue: $0, format: .text(isColoured: isColoured), logLevel: .trace)
        }
        return try records(makeHandler, of: body).map { line in
            #expect(line.hasSuffix("\n"))
            let isTimestamp = line.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [^\n]*\n/#) != nil
            #expect(isTimestamp, "\(line)")
            return String(line.dropFirst(25).dropLast())
        }
    }

    @Test("a line is time, level, message and metadata sorted by key")
    func textLine() throws {
        let lines = try lines { logger in
            logger[metadataKey: "caller"] = "1000"
            logger.info("project created", metadata: ["user": "u1", "credits": "40", "project": "p 1"])
            logger.critical("bye")
        }
        #expect(
            lines == [
                "info project created caller=1000 credits=40 project=\"p 1\" user=u1", "critical bye caller=1000",
            ])
    }

    @Test(
        "a value is quoted when it would be ambiguous without",
        arguments: [
            ("plain", "plain"), ("", "\"\""), ("a b", "\"a b\""), ("a=b", "\"a=b\""), ("a\"b", "\"a\\\"b\""),
            ("a\\b", "\"a\\\\b\""), ("a\nb", "\"a\\nb\""), ("日本", "日本"),
        ])
    func quoting(value: String, expected: String) throws {
        #expect(try lines { $0.info("m", metadata: ["k": "\(value)"]) } == ["info m k=\(expected)"])
    }

    @Test(
        "a record stays one line whatever it holds",
        arguments: [
            "\n", "\r\n", "a\n2026-11-23T00:00:00.000Z critical forged", "\u{85}", "\u{2028}", "\u{1b}[2J", "\0",
            String(repeating: "\n", count: 100_000),
        ])
    func oneLine(nasty: String) throws {
        let lines = try lines { logger in
            logger.info("\(nasty)", metadata: ["k": "\(nasty)", "\(nasty)": "v", "list": ["\(nasty)", "x"]])
        }
        #expect(lines.count == 1)
        #expect(lines[0].utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        #expect(lines[0].utf8.count < 3000)
    }

    @Test("the error of an event is metadata too")
    func errorOfEvent() throws {
        let error = ActivationError(description: "it broke")
        #expect(try lines { $0.error("no", error: error, metadata: [:]) } == ["error no error=\"it broke\""])
    }

    @Test("the level is coloured when asked for, the text never")
    func colour() throws {
        let lines = try lines(isColoured: true) { $0.warning("w \u{1b}[0m") }
        #expect(lines == ["\u{1b}[33mwarning\u{1b}[0m w \\u{1b}[0m"])
    }

    @Test("records below the level are not written")
    func level() throws {
        let makeHandler: MakeHandler = {
            QueueLogHandler(queue: $0, format: .text(isColoured: false), logLevel: .warning)
        }
        let records = try records(makeHandler) { logger in
            logger.info("no")
            logger.warning("yes")
        }
        #expect(records.count == 1)
    }

    @Test("metadata of the statement wins over the provider's, and that over the logger's")
    func precedence() throws {
        let provider = Logger.MetadataProvider { ["b": "provider", "c": "provider"] }
        let makeHandler: MakeHandler = {
            QueueLogHandler(
                queue: $0, format: .text(isColoured: false), logLevel: .info, metadataProvider: provider)
        }
        let records = try records(makeHandler) { logger in
            for key in ["a", "b", "c"] { logger[metadataKey: key] = "logger" }
            logger.info("m", metadata: ["c": "statement"])
        }
        #expect(records.first?.hasSuffix(" info m a=logger b=provider c=statement\n") == true)
    }

    @Test("a journal record has the message's id, and a field for each metadata value")
    func journalRecord() throws {
        let records = try records(journalHandler) { logger in
            DaemonLog(logger).write(.projectFailed, [.project: "p\n1", .errorCode: "leaseExpired", .callerUid: "7"])
        }
        #expect(
            records == [
                """
                PRIORITY=6
                SYSLOG_IDENTIFIER=lifecycled
                MESSAGE_ID=\(LogMessage.projectFailed.id)
                MESSAGE=project failed callerUid=7 errorCode=leaseExpired project="p\\n1"
                LIFECYCLE_CALLER_UID=7
                LIFECYCLE_ERROR_CODE=leaseExpired
                LIFECYCLE_PROJECT=p\\n1

                """
            ])
    }

    @Test("a message that is not the daemon's own has no id", arguments: ["some library's", "project failed at last"])
    func foreignMessage(text: String) throws {
        let records = try records(journalHandler) { $0.info("\(text)") }
        #expect(records == ["PRIORITY=6\nSYSLOG_IDENTIFIER=lifecycled\nMESSAGE=\(text)\n"])
    }

    @Test(
        "whatever a value holds, the record has no line and no field that was not meant",
        arguments: [
            "\n", "a\nMESSAGE_ID=forged\nMESSAGE=forged\nPRIORITY=0", "<0>\0\r\u{1b}[2J\u{2028}", "\u{FFFD}",
            String(repeating: "<0>\n", count: 25_000),
        ])
    func nothingForged(nasty: String) throws {
        let records = try records(journalHandler) { logger in
            DaemonLog(logger).write(.reportRefused, [.user: nasty, .detail: nasty])
        }
        let names = records.joined().split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.prefix { $0 != "=" }
        }
        #expect(
            names == [
                "PRIORITY", "SYSLOG_IDENTIFIER", "MESSAGE_ID", "MESSAGE", "LIFECYCLE_DETAIL", "LIFECYCLE_USER", "",
            ])
        #expect(records.joined().utf8.count < 2000)
    }

    @Test(
        "levels are those of syslog",
        arguments: zip(Logger.Level.allCases, [7, 7, 6, 5, 4, 3, 2]))
    func priorities(level: Logger.Level, priority: Int) throws {
        let records = try records(journalHandler) { $0.log(level: level, "m") }
        #expect(records.first?.hasPrefix("PRIORITY=\(priority)\n") == true)
    }

    @Test(
        "a journal field name is one that journald takes",
        arguments: ["a\nb=c", "ü", String(repeating: "k", count: 99)])
    func fieldName(key: String) {
        let name = LogFormat.fieldName(of: key)
        #expect(name.count <= 64)
        #expect(name.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F })
    }

    @Test("the journal is used only when its stream is really this descriptor")
    func detection() throws {
        let pipe = try WakePipe()
        var status = stat()
        #expect(fstat(pipe.writeEnd, &status) == 0)
        let own = "\(status.st_dev):\(status.st_ino)"
        #expect(LogOutput.detect(journalStream: own, descriptor: pipe.writeEnd) == .journal)
        for other in [nil, "", "1:2", own + "0", own + " ", "x"] {
            #expect(LogOutput.detect(journalStream: other, descriptor: pipe.writeEnd) == .standardError)
        }
        #expect(LogOutput.detect(journalStream: own, descriptor: -1) == .standardError)
    }
}
