internal import Glibc
internal import LifecycleSystem
internal import Logging
internal import Testing

@testable import LifecycleRPC

@Suite("Logging to a descriptor", .timeLimit(.minutes(60)))
struct LogSystemTests {
    /// A pipe in place of standard error.
    final class Output {
        private(set) var readEnd: Int32
        let writeEnd: Int32
        private var unread: [UInt8] = []

        init(isNonBlocking: Bool) throws {
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            (readEnd, writeEnd) = (ends[0], ends[1])
            if isNonBlocking { try #require(fcntl(writeEnd, F_SETFL, O_NONBLOCK) == 0) }
        }

        deinit {
            closeReadEnd()
            close(writeEnd)
        }

        func closeReadEnd() {
            if readEnd >= 0 { close(readEnd) }
            readEnd = -1
        }

        func nextLine() throws -> String {
            while true {
                if let end = unread.firstIndex(of: 0x0A) {
                    defer { unread.removeSubrange(...end) }
                    return String(decoding: unread[..<end], as: UTF8.self)
                }
                var entry = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
                try #require(poll(&entry, 1, 300_000) == 1)
                var chunk = [UInt8](repeating: 0, count: 4096)
                let count = read(readEnd, &chunk, chunk.count)
                try #require(count > 0)
                unread += chunk.prefix(count)
            }
        }
    }

    @Test("an output that nobody reads never blocks who logs; what was dropped is told of", arguments: [false, true])
    func blockedOutput(isNonBlocking: Bool) throws {
        let output = try Output(isNonBlocking: isNonBlocking)
        let log = try LogSystem(
            output: .standardError, descriptor: output.writeEnd, isColoured: false, capacity: 100)
        defer { log.close() }
        let logger = Logger(label: "test") { _ in log.handler(level: .info) }
        let count = 20_000
        // Some 2 MB into a pipe that holds 64 KiB: this loop would not end if logging waited for its output.
        for index in 0..<count { logger.info("record", metadata: ["index": "\(index)", "text": "\(Self.padding)"]) }
        #expect(log.droppedRecords > 0)
        #expect(!log.flush(timeout: .milliseconds(1)))

        var last = -1
        var seen = 0
        var told = 0
        while seen + told < count {
            let line = try output.nextLine()
            if let note = line.firstMatch(of: #/ warning log records dropped dropped=(\d+)$/#) {
                told += try #require(Int(note.1))
            } else {
                let record = try #require(line.firstMatch(of: #/ info record index=(\d+) text=x+$/#))
                let index = try #require(Int(record.1))
                #expect(index > last)
                last = index
                seen += 1
            }
        }
        #expect(seen + told == count)
        #expect(told == log.droppedRecords)
        logger.info("after")
        #expect(try output.nextLine().hasSuffix(" info after"))
        #expect(log.flush(timeout: .seconds(300)))
    }

    @Test("an output that is gone loses records, but neither the process nor who logs")
    func closedOutput() throws {
        let output = try Output(isNonBlocking: false)
        output.closeReadEnd()
        let log = try LogSystem(output: .standardError, descriptor: output.writeEnd, isColoured: false)
        defer { log.close() }
        let logger = Logger(label: "test") { _ in log.handler(level: .info) }
        for _ in 0..<10 { logger.info("nobody reads this") }
        #expect(log.flush(timeout: .seconds(300)))
        #expect(log.droppedRecords >= 10)
    }

    @Test("a record larger than the pipe arrives whole")
    func manyBytes() throws {
        let output = try Output(isNonBlocking: true)
        let writer = DescriptorWriter(descriptor: output.writeEnd)
        let lines = (0..<5).map { [UInt8](repeating: 0x61 + $0, count: 100_000) + [0x0A] }
        try SystemThread.start { #expect(writer.write(lines) == 0) }
        for line in lines {
            #expect(try output.nextLine() == String(decoding: line.dropLast(), as: UTF8.self))
        }
    }

    private static let padding = String(repeating: "x", count: 80)
}
