internal import Glibc
internal import LifecycleSystem
internal import Logging
internal import Synchronization
internal import Testing

@testable import LifecycleRPC

@Suite("The log queue", .timeLimit(.minutes(60)))
struct LogQueueTests {
    /// An output that takes one batch at a time, each only when it is let through.
    final class Gate: Sendable {
        let entered: WakePipe
        let release: WakePipe
        let written = Mutex<[String]>([])

        init() throws {
            entered = try WakePipe()
            release = try WakePipe()
        }

        func queue(capacity: Int, losing: Int = 0) throws -> LogQueue {
            try LogQueue(
                capacity: capacity, dropNote: { Array("\($0) dropped".utf8) },
                write: { records in
                    self.entered.sendByte()
                    _ = self.release.waitForByte(timeout: nil)
                    return self.written.withLock { written in
                        let isLost = written.count < losing
                        written += isLost ? ["lost"] : records.map { String(decoding: $0, as: UTF8.self) }
                        return isLost ? records.count : 0
                    }
                })
        }
    }

    @Test("records beyond the capacity are dropped, counted and told of in their place")
    func dropping() throws {
        let gate = try Gate()
        let queue = try gate.queue(capacity: 3)
        defer { queue.close() }
        queue.append(Array("a".utf8))
        #expect(gate.entered.waitForByte(timeout: .seconds(300)))
        for text in ["b", "c", "d", "x", "y"] { queue.append(Array(text.utf8)) }
        #expect(queue.droppedRecords == 2)
        gate.release.sendByte()
        #expect(gate.entered.waitForByte(timeout: .seconds(300)))
        queue.append(Array("e".utf8))
        for _ in ["b, c, d", "2 dropped", "e"] { gate.release.sendByte() }
        #expect(queue.flush(timeout: .seconds(300)))
        #expect(gate.written.withLock { $0 } == ["a", "b", "c", "d", "2 dropped", "e"])
        #expect(queue.droppedRecords == 2)
    }

    @Test("records that the output lost are told of when it works again")
    func losing() throws {
        let gate = try Gate()
        // a; then b, and the note about a.
        let queue = try gate.queue(capacity: 10, losing: 3)
        defer { queue.close() }
        for (text, writes, dropped) in [("a", 1, 1), ("b", 2, 2), ("c", 2, 2), ("d", 1, 2)] {
            queue.append(Array(text.utf8))
            for _ in 0..<writes { gate.release.sendByte() }
            #expect(queue.flush(timeout: .seconds(300)))
            #expect(queue.droppedRecords == dropped)
        }
        #expect(gate.written.withLock { $0 } == ["lost", "lost", "lost", "c", "2 dropped", "d"])
    }

    @Test("a flush ends at its time limit when the output does not, and later succeeds")
    func flushTimeout() throws {
        let gate = try Gate()
        let queue = try gate.queue(capacity: 10)
        defer { queue.close() }
        #expect(queue.flush(timeout: .zero))
        queue.append([0x61])
        #expect(!queue.flush(timeout: .milliseconds(5)))
        #expect(!queue.flush(timeout: .zero))
        gate.release.sendByte()
        #expect(queue.flush(timeout: .seconds(300)))
    }

    @Test("a closed queue writes what it has and drops what comes")
    func closing() throws {
        let gate = try Gate()
        let queue = try gate.queue(capacity: 10)
        queue.append([0x61])
        #expect(gate.entered.waitForByte(timeout: .seconds(300)))
        queue.close()
        queue.append([0x62])
        gate.release.sendByte()
        #expect(queue.flush(timeout: .seconds(300)))
        #expect(gate.written.withLock { $0 } == ["a"])
        #expect(queue.droppedRecords == 1)
    }

    @Test("the records of each thread keep their order and none is lost")
    func order() async throws {
        let written = Mutex<[[UInt8]]>([])
        let box = Box(written)
        let queue = try LogQueue(
            capacity: 100_000, dropNote: { _ in [] },
            write: { records in
                box.value.withLock { $0 += records }
                return 0
            })
        defer { queue.close() }
        await withDiscardingTaskGroup { group in
            for task in 0..<4 as Range<UInt8> {
                group.addTask {
                    for index in 0..<5000 {
                        queue.append([task, UInt8(index >> 8), UInt8(index & 0xFF)])
                    }
                }
            }
        }
        #expect(queue.flush(timeout: .seconds(300)))
        let records = box.value.withLock { $0 }
        for task in 0..<4 as Range<UInt8> {
            let indexes = records.filter { $0[0] == task }.map { Int($0[1]) << 8 | Int($0[2]) }
            #expect(indexes == Array(0..<5000))
        }
    }

    final class Box: Sendable {
        let value: Mutex<[[UInt8]]>
        init(_ value: consuming sending Mutex<[[UInt8]]>) { self.value = value }
    }
}
