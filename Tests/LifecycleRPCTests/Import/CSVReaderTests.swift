internal import TestSupport
internal import Testing

@testable import LifecycleRPC

@Suite("The CSV reader")
struct CSVReaderTests {
    /// Reads a text in pieces of so many bytes.
    static func read(_ text: String, pieces: Int = .max) throws(CSVError) -> [CSVRecord] {
        let bytes = Array(text.utf8)
        var reader = CSVReader()
        var records: [CSVRecord] = []
        var start = 0
        while start < bytes.count {
            let end = start + min(pieces, bytes.count - start)
            let piece = Array(bytes[start..<end])
            var index = 0
            while try reader.read(piece.span, from: &index) { records.append(reader.record) }
            start = end
        }
        if try reader.finish() { records.append(reader.record) }
        return records
    }

    static func fields(_ record: CSVRecord) -> [String] {
        (0..<record.count).map { String(decoding: record[$0], as: UTF8.self) }
    }

    static let accepted: [(text: String, records: [[String]])] = [
        ("", []),
        ("\n\r\n\n", []),
        ("a", [["a"]]),
        ("a,b\n", [["a", "b"]]),
        ("a,b\r\nc,d", [["a", "b"], ["c", "d"]]),
        ("a\n\nb\n", [["a"], ["b"]]),
        (",\n", [["", ""]]),
        (",", [["", ""]]),
        ("a,\n,b\n", [["a", ""], ["", "b"]]),
        ("\"\"\n", [[""]]),
        ("\"\"", [[""]]),
        ("\"a,b\",\"c\"\n", [["a,b", "c"]]),
        ("\"say \"\"no\"\"\"\n", [["say \"no\""]]),
        ("\"\"\"\"\n", [["\""]]),
        ("\"one\ntwo\r\nthree\rfour\",x\n", [["one\ntwo\r\nthree\rfour", "x"]]),
        (" a , b \n", [[" a ", " b "]]),
        ("é,\u{1F98A}\n", [["é", "\u{1F98A}"]]),
    ]

    @Test("takes what RFC 4180 has, however the file is cut into pieces", arguments: accepted)
    func accepts(_ text: String, _ records: [[String]]) throws {
        for pieces in [1, 2, 3, Int.max] {
            #expect(try Self.read(text, pieces: pieces).map(Self.fields) == records)
        }
    }

    static let refused: [(text: String, error: CSVError)] = [
        ("a,b\"c\n", CSVError(line: 1, field: 2, reason: "a quote within a field that does not begin with one")),
        ("a\n\"b\"c\n", CSVError(line: 2, field: 1, reason: "text after the closing quote")),
        ("a\n\nb,\"c\nd\n", CSVError(line: 3, field: 2, reason: "the quote is never closed")),
        ("a\rb\n", CSVError(line: 1, field: 1, reason: "a CR without an LF after it")),
        ("a\r", CSVError(line: 1, field: 1, reason: "a CR without an LF after it")),
        ("\"a\"\rb\n", CSVError(line: 1, field: 1, reason: "a CR without an LF after it")),
        ("\"x\ny\"\n\"z\0\"\n", CSVError(line: 3, field: 1, reason: "a NUL byte")),
        (
            String(repeating: ",", count: 256),
            CSVError(line: 1, field: 257, reason: "more than 256 fields")
        ),
        (
            "a,\"" + String(repeating: "x", count: 1 << 20) + "y\"\n",
            CSVError(line: 1, field: 2, reason: "more than 1048576 bytes: is a quote not closed?")
        ),
    ]

    @Test("refuses anything else, and says where", arguments: refused)
    func refuses(_ text: String, _ error: CSVError) {
        #expect(throws: error) { try Self.read(text) }
        #expect(throws: error) { try Self.read(text, pieces: 7) }
    }

    @Test("a field may be as long as the limit, and a record have as many fields")
    func limits() throws {
        let long = String(repeating: "x", count: 1 << 20)
        #expect(try Self.fields(Self.read(long + "," + long)[0]).map(\.utf8.count) == [1 << 20, 1 << 20])
        #expect(try Self.read(String(repeating: ",", count: 255))[0].count == 256)
    }

    @Test("random fields written as RFC 4180 has it are read back, and each record again from its place")
    func roundTrip() throws {
        var random = SeededRandom(seed: .random(in: 0...UInt64.max))
        let alphabet: [Character] = ["a", "é", "\"", ",", "\n", "\r\n", "\r", " ", "\u{1F98A}", "1", "\\", "'"]
        for _ in 0..<300 {
            let width = Int.random(in: 1...6, using: &random)
            let rows = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                (0..<width).map { _ in
                    String(
                        (0..<Int.random(in: 0...8, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
                    )
                }
            }
            var text = ""
            for row in rows {
                let end = Bool.random(using: &random) ? "\r\n" : "\n"
                // A lone empty field must be quoted, as anything may be.
                text +=
                    row.map { field in
                        let mustQuote =
                            field.utf8.contains { "\",\n\r".utf8.contains($0) } || (width == 1 && field.isEmpty)
                        guard mustQuote || Bool.random(using: &random) else { return field }
                        return "\"" + field.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
                    }.joined(separator: ",") + end
            }
            let records = try Self.read(text, pieces: Int.random(in: 1...40, using: &random))
            #expect(records.map(Self.fields) == rows)
            let bytes = Array(text.utf8)
            for record in records {
                var reader = CSVReader(offset: record.offset, line: record.line)
                var index = 0
                let piece = Array(bytes[record.offset..<record.offset + record.length])
                #expect(try reader.read(piece.span, from: &index))
                #expect(index == piece.count)
                #expect(Self.fields(reader.record) == Self.fields(record))
            }
        }
    }

    @Test("lines are counted where they are, also within quotes")
    func lines() throws {
        #expect(try Self.read("a\n\n\"b\nc\"\r\nd\n\ne").map(\.line) == [1, 3, 5, 7])
    }
}
