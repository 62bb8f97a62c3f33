internal import NIOCore
internal import Testing

@testable import LifecycleWire

@Suite("Line framing")
struct LineFramerTests {
    static let maximum = 8

    /// Inputs that have every kind of line end, at and around the maximum of eight bytes.
    static let corpus: [String] = [
        "", "\n", "\r\n", "\n\n\n", " \t\r\n", "   ", "a", "a\n", "a\r\n", "a\nb", "a\nb\n", "\n\na\n \nb\n",
        "12345678\n", "12345678", "123456789\n", "123456789", "1234567\r\n", "12345678\r\n", "         \n",
        "123456789abcdefghijklmnop\nok\n", "123456789abcdefghijklmnop", "123456789\n123456789\n123456789\nok",
        "ok\n123456789abc\n\n123456789", "a\0b\n\0\n\0", "\0\0\0\0\0\0\0\0\0\n", "é\u{2028}\nü\n",
        "a\u{85}b\u{0B}\u{0C}\n",
        "\u{8A}\u{10A}\n", "{\"a\":1}\n{\"b\":2}\n[]\n", "12345678\n12345678\n123456789\n1\n",
    ]

    /// What framing means, said without any state.
    static func expectedFrames(_ bytes: [UInt8]) -> [LineFramer.Frame] {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: false).compactMap { line in
            if line.count > maximum { return .tooLong }
            return line.allSatisfy { [0x20, 0x09, 0x0D].contains($0) } ? nil : .line(Array(line))
        }
    }

    static func frames(of chunks: [[UInt8]], maximum: Int = maximum) -> [LineFramer.Frame] {
        var framer = LineFramer(maximumLineBytes: maximum)
        var frames: [LineFramer.Frame] = []
        for chunk in chunks {
            var buffer = ByteBuffer(bytes: chunk)
            framer.append(&buffer)
            #expect(buffer.readableBytes == 0)
            while let frame = framer.next() { frames.append(frame) }
            #expect(framer.bufferedBytes <= maximum)
        }
        while let frame = framer.finish() { frames.append(frame) }
        #expect(framer.bufferedBytes == 0)
        #expect(framer.finish() == nil)
        return frames
    }

    @Test("a whole input is cut at its line feeds", arguments: corpus)
    func wholeInput(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(Self.frames(of: [bytes]) == Self.expectedFrames(bytes))
    }

    @Test("an input that comes byte by byte gives the same frames", arguments: corpus)
    func byteByByte(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(Self.frames(of: bytes.map { [$0] }) == Self.expectedFrames(bytes))
    }

    @Test("an input that is cut in two anywhere gives the same frames", arguments: corpus)
    func cutInTwo(_ text: String) {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            #expect(Self.frames(of: [Array(bytes[..<cut]), Array(bytes[cut...])]) == Self.expectedFrames(bytes))
        }
    }

    @Test("random input in random pieces gives the frames of the whole", arguments: 0..<200 as Range<UInt64>)
    func randomPieces(seed: UInt64) {
        var random = SplitMix(state: seed)
        let alphabet: [UInt8] = [0x0A, 0x0A, 0x0D, 0x20, 0x41, 0x42, 0x00, 0x8A, 0x0B, 0x09]
        let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in
            alphabet.randomElement(using: &random) ?? 0
        }
        var chunks: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Int.random(in: 0...20, using: &random)
            chunks.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(Self.frames(of: chunks) == Self.expectedFrames(bytes))
    }

    @Test("every distance from one line feed to the next is found")
    func everyDistance() {
        let lines = (1...100).map { [UInt8](repeating: 0x8A, count: $0) }
        let bytes = Array(lines.joined(separator: [0x0A]))
        #expect(Self.frames(of: [bytes], maximum: 100) == lines.map { .line($0) })
    }

    @Test("a line is known to be too long at its first byte too many, not at its end")
    func tooLongAtOnce() {
        var framer = LineFramer(maximumLineBytes: 3)
        var buffer = ByteBuffer(string: "abc")
        framer.append(&buffer)
        #expect(framer.next() == nil)
        buffer = ByteBuffer(string: "d")
        framer.append(&buffer)
        #expect(framer.next() == .tooLong)
        #expect(framer.next() == nil)
        buffer = ByteBuffer(string: "efgh")
        framer.append(&buffer)
        #expect(framer.next() == nil)
        buffer = ByteBuffer(string: "\nok\n")
        framer.append(&buffer)
        #expect(framer.next() == .line(Array("ok".utf8)))
    }

    @Test("an endless line is not kept")
    func endlessLine() {
        var framer = LineFramer(maximumLineBytes: 1000)
        var reports = 0
        for _ in 0..<1000 {
            var buffer = ByteBuffer(repeating: 0x41, count: 700)
            framer.append(&buffer)
            while let frame = framer.next() { reports += frame == .tooLong ? 1 : 0 }
            #expect(framer.bufferedBytes <= 1000)
            #expect(framer.storageBytes <= 4096)
        }
        #expect(reports == 1)
        #expect(framer.bufferedBytes == 0)
    }

    @Test("lines that are taken later than they come stay whole and in order")
    func lateReader() {
        var framer = LineFramer(maximumLineBytes: 100)
        var taken: [LineFramer.Frame] = []
        for index in 0..<3000 {
            var buffer = ByteBuffer(string: "line \(index)\nand half a ")
            framer.append(&buffer)
            if let frame = framer.next() { taken.append(frame) }
        }
        while let frame = framer.finish() { taken.append(frame) }
        let first = [LineFramer.Frame.line(Array("line 0".utf8))]
        let others = (1..<3000).map { LineFramer.Frame.line(Array("and half a line \($0)".utf8)) }
        #expect(taken == first + others + [.line(Array("and half a ".utf8))])
    }

    @Test("a reader that stays some lines behind does not make the memory grow")
    func memoryOfLateReader() {
        var framer = LineFramer(maximumLineBytes: 100)
        var buffer = ByteBuffer(string: "1\n2\n3\n")
        framer.append(&buffer)
        for _ in 0..<10_000 {
            buffer = ByteBuffer(string: "a further line\n")
            framer.append(&buffer)
            #expect(framer.next() != nil)
            #expect(framer.storageBytes <= 4096)
        }
    }

    @Test("thousands of lines in one read come out one by one")
    func manyLines() {
        let lines = (0..<20_000).map { Array("{\"id\":\($0)}".utf8) }
        let bytes = Array(lines.joined(separator: [0x0A])) + [0x0A]
        #expect(Self.frames(of: [bytes], maximum: 1 << 20) == lines.map { .line($0) })
    }

    @Test(
        "a big line that comes byte by byte is searched and copied in linear time, then given back",
        .timeLimit(.minutes(60)))
    func bigLineByteByByte() {
        let size = 1 << 18
        var framer = LineFramer(maximumLineBytes: size)
        // Searching again what was searched would take 3 * 10^10 bytes here: more than the time limit.
        for _ in 0..<size {
            var buffer = ByteBuffer(bytes: [0x41])
            framer.append(&buffer)
            guard framer.next() == nil else {
                Issue.record("a frame before the end of the line")
                return
            }
        }
        #expect(framer.bufferedBytes == size)
        #expect(framer.storageBytes <= 2 * size)
        var end = ByteBuffer(bytes: [0x0A, 0x42])
        framer.append(&end)
        guard case .line(let line) = framer.next() else {
            Issue.record("no line")
            return
        }
        #expect(line.count == size)
        #expect(framer.next() == nil)
        #expect(framer.bufferedBytes == 1)
        #expect(framer.storageBytes <= 4096)
    }

    @Test("between lines no memory is held, and for the start of a line not that of the whole read")
    func idleMemory() {
        var framer = LineFramer(maximumLineBytes: 1 << 20)
        var buffer = ByteBuffer()
        buffer.reserveCapacity(65536)
        buffer.writeString("a line\n")
        framer.append(&buffer)
        #expect(framer.next() != nil)
        #expect(framer.next() == nil)
        #expect(framer.storageBytes == 0)
        buffer.reserveCapacity(65536)
        buffer.writeString("half a line")
        framer.append(&buffer)
        #expect(framer.next() == nil)
        #expect(framer.storageBytes <= 4096)
        #expect(framer.finish() == .line(Array("half a line".utf8)))
    }

    @Test("a maximum of zero or less lets only blank lines through")
    func degenerateMaximum() {
        #expect(Self.frames(of: [Array("\n\na\n\n".utf8)], maximum: 0) == [.tooLong])
        var framer = LineFramer(maximumLineBytes: .min)
        var buffer = ByteBuffer(string: "\nx")
        framer.append(&buffer)
        #expect(framer.next() == .tooLong)
    }
}

/// A small random generator that gives the same numbers for the same seed.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
