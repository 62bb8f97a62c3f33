internal import LifecycleCore
internal import Testing

@testable internal import LifecycleRPC

@Suite("Writing replies")
struct ReplyWriterTests {
    private static func id(_ text: String) -> RequestID { .some(ArraySlice(text.utf8)) }
    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    private static func long(_ bytes: Int) -> Result<Reply, RPCError> {
        .success { $0.string(String(repeating: "x", count: bytes)) }
    }
    private static func envelope(_ id: Int) -> String { #"{"jsonrpc":"2.0","id":\#(id),"result":\#(id)}"# }

    /// Writes these numbers' replies, a batch where there are several, and takes what is there after each step if
    /// `isTaken` says so.
    private func write(_ lines: [[Int]], takingAfter isTaken: (Int) -> Bool) -> String {
        var writer = ReplyWriter(limit: 1 << 20)
        var bytes: [UInt8] = []
        var steps = 0
        func step(_ action: () -> Void) {
            action()
            if isTaken(steps) { bytes += writer.take() }
            steps += 1
        }
        for line in lines {
            if line.count > 1 { step { writer.beginBatch() } }
            for number in line { step { writer.write(TestCall.outcome(number), to: Self.id("\(number)")) } }
            if line.count > 1 { step { writer.endBatch() } }
        }
        return Self.text(bytes + writer.take())
    }

    @Test("batches are arrays, wherever the bytes are taken out")
    func takenAnywhere() {
        let lines = [[1], [2, 3, 4], [5, 6], [7]]
        let expected =
            lines.map { line in
                let replies = line.map(Self.envelope).joined(separator: ",")
                return line.count > 1 ? "[\(replies)]\n" : replies + "\n"
            }.joined()
        #expect(write(lines) { _ in false } == expected)
        #expect(write(lines) { _ in true } == expected)
        for place in 0..<12 { #expect(write(lines) { $0 == place } == expected) }
        for bits in 0..<(1 << 11) { #expect(write(lines) { bits >> $0 & 1 == 1 } == expected) }
    }

    @Test("notifications are answered by nothing, and a batch of them by no array")
    func notifications() {
        var writer = ReplyWriter(limit: 1000)
        writer.write(TestCall.outcome(1), to: .none)
        writer.write(.failure(.invalidRequest("x")), to: .none)
        writer.beginBatch()
        writer.write(TestCall.outcome(1), to: .none)
        writer.endBatch()
        #expect(writer.isEmpty)
        writer.beginBatch()
        writer.write(TestCall.outcome(1), to: .none)
        writer.write(TestCall.outcome(2), to: Self.id("2"))
        writer.write(TestCall.outcome(3), to: .none)
        writer.endBatch()
        #expect(Self.text(writer.take()) == "[\(Self.envelope(2))]\n")
        writer.write(TestCall.outcome(4), to: Self.id("4"))
        #expect(Self.text(writer.take()) == Self.envelope(4) + "\n")
    }

    @Test("an id is written as it stood in the request")
    func rawID() {
        for id in ["1e400", "\"\\u0041\"", "null", "-0", "9007199254740993"] {
            var writer = ReplyWriter(limit: 1000)
            writer.write(TestCall.outcome(1), to: Self.id(id))
            #expect(Self.text(writer.take()) == #"{"jsonrpc":"2.0","id":\#(id),"result":1}"# + "\n")
        }
    }

    @Test("a reply of exactly the limit is written, one byte more is an error with the same id")
    func limit() {
        let empty = #"{"jsonrpc":"2.0","id":1,"result":""}"#.utf8.count
        var writer = ReplyWriter(limit: 1000)
        writer.write(Self.long(1000 - empty), to: Self.id("1"))
        #expect(writer.take().count == 1001)
        writer.write(Self.long(1001 - empty), to: Self.id("1"))
        #expect(Self.text(writer.take()).hasPrefix(#"{"jsonrpc":"2.0","id":1,"error":{"code":-32008,"#))
        // The next line has the whole limit for itself.
        writer.write(Self.long(1000 - empty), to: Self.id("1"))
        #expect(writer.take().count == 1001)
    }

    @Test("the replies of a batch share one limit, also when some were taken out before", arguments: [false, true])
    func limitOfBatch(takes: Bool) {
        var writer = ReplyWriter(limit: 2000)
        var bytes: [UInt8] = []
        writer.beginBatch()
        for number in 1...4 {
            writer.write(Self.long(800), to: Self.id("\(number)"))
            if takes { bytes += writer.take() }
        }
        writer.write(TestCall.outcome(5), to: Self.id("5"))
        writer.endBatch()
        bytes += writer.take()
        let text = Self.text(bytes)
        #expect(text.hasPrefix("[{") && text.hasSuffix("}]\n"))
        let results = text.split(separator: #"{"jsonrpc":"2.0","id":"#).dropFirst().map { $0.contains("result") }
        #expect(results.count == 5)
        #expect(results.prefix(4) == [true, true, false, false])
        writer.write(Self.long(1900), to: Self.id("6"))
        #expect(Self.text(writer.take()).contains(#""result""#))
    }

    @Test("an error that replaces a first reply leaves the array whole")
    func replacedFirst() {
        var writer = ReplyWriter(limit: 600)
        writer.beginBatch()
        writer.write(Self.long(700), to: Self.id("1"))
        writer.write(TestCall.outcome(2), to: Self.id("2"))
        writer.endBatch()
        let text = Self.text(writer.take())
        #expect(text.hasPrefix(#"[{"jsonrpc":"2.0","id":1,"error":{"code":-32008,"#))
        #expect(text.hasSuffix(",\(Self.envelope(2))]\n"))
    }
}
