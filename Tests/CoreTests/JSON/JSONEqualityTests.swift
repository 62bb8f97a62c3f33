internal import LifecycleCore
internal import TestSupport
internal import Testing

@Suite("JSON values are equal when they say the same")
struct JSONEqualityTests {
    static let equal: [(String, String)] = [
        (#"{"a":1,"b":2}"#, #"{ "b" : 2, "a" : 1 }"#),
        (#"{"a":{"x":[],"y":{}},"b":null}"#, #"{"b":null,"a":{"y":{},"x":[]}}"#),
        (#"{"\u0061":"\u00e9\/"}"#, #"{"a":"é/"}"#),
        (#"["\ud83d\ude00"]"#, #"["😀"]"#),
        ("1", "1.0"), ("1", "10e-1"), ("1", "0.1E+1"), ("100", "1e2"), ("-0", "0"), ("0.0", "0e99"), ("0", "-0.00e-5"),
        ("1e400", "10e399"), ("1e-400", "0.1e-399"), ("9007199254740993", "9007199254740993.0"),
        ("1e1000000000000000000", "10e999999999999999999"), ("1e-1000000000000000000", "0.1e-999999999999999999"),
        ("1e100000000000000000000", "10e99999999999999999999"),
        ("1e-99999999999999999999", "10e-100000000000000000000"),
        ("1e0000000000000000000005", "100000"), ("[true,false,null]", "[true, false, null]"),
    ]

    static let different: [(String, String)] = [
        ("[1,2]", "[2,1]"), ("[1]", "[1,1]"), ("[]", "{}"), ("[]", "[[]]"), ("[[],[]]", "[[[]]]"), ("{}", "null"),
        (#"{"a":1}"#, #"{"a":2}"#), (#"{"a":1}"#, #"{"b":1}"#), (#"{"a":1}"#, #"{"a":1,"b":1}"#),
        (#"{"a":1,"b":2}"#, #"{"a":2,"b":1}"#), (#"{"a":"b"}"#, #"{"b":"a"}"#), (#"{"a":null}"#, "{}"),
        ("1", #""1""#), ("1", "true"), ("0", "false"), ("null", "false"), (#""""#, "null"), (#""t""#, "true"),
        ("1", "-1"), ("1", "10"), ("1", "1e1"), ("12", "1.2"), ("1e400", "1e401"), ("1e400", "-1e400"),
        ("9007199254740993", "9007199254740992"), ("0.1", "0.1000000000000000055511151231257827"),
        ("1e1000000000000000000", "1e1000000000000000001"), ("1e99999999999999999999", "1e-99999999999999999999"),
        // Canonically equivalent, and yet other bytes.
        (#""\u00e9""#, #""e\u0301""#), (#""A""#, #""a""#),
    ]

    @Test("the same in another order or spelling", arguments: equal)
    func same(_ a: String, _ b: String) throws {
        #expect(try parseJSON(a).hasSameValue(as: parseJSON(b)))
        #expect(try parseJSON(b).hasSameValue(as: parseJSON(a)))
    }

    @Test("other values", arguments: different)
    func other(_ a: String, _ b: String) throws {
        #expect(try !parseJSON(a).hasSameValue(as: parseJSON(b)))
        #expect(try !parseJSON(b).hasSameValue(as: parseJSON(a)))
    }

    @Test("a part of a text is compared, and not what stands around it")
    func parts() throws {
        let a = try #require(Array(try parseJSON(#"[1,{"x":[2,{"y":3}]},4]"#).elements).dropFirst().first)
        let b = try #require(try parseJSON(#"{"k":{"x":[2,{"y":3}]}}"#)["k"])
        #expect(a.hasSameValue(as: b))
    }

    @Test("deep and wide values cost no stack")
    func deep() throws {
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        let one = try JSONDocument(parsing: Array(deep.utf8), maximumDepth: .max).root
        let other = try JSONDocument(parsing: Array("[\(deep)]".utf8), maximumDepth: .max).root
        #expect(one.hasSameValue(as: one))
        #expect(!one.hasSameValue(as: other))
    }

    @Test("metadata: what is absent equals what is absent only")
    func metadata() throws {
        let some: Metadata? = try Metadata(json: #"{"a":1,"b":2}"#)
        #expect(some.hasSameValue(as: try Metadata(json: #"{"b":2,"a":1.0}"#)))
        #expect(!some.hasSameValue(as: nil))
        #expect((nil as Metadata?).hasSameValue(as: nil))
        #expect(!(nil as Metadata?).hasSameValue(as: some))
    }

    @Test("any value equals itself written anew, and nothing of it may change", arguments: 0..<200 as Range<UInt64>)
    func property(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let value = Sample.make(&random, depth: 4)
        let first = try parseJSON(value.text(&random))
        for _ in 0..<5 {
            let text = value.text(&random)
            #expect(try first.hasSameValue(as: parseJSON(text)), "\(text)")
        }
        let changed = value.changed(&random).text(&random)
        #expect(try !first.hasSameValue(as: parseJSON(changed)), "\(changed)")
    }
}

/// A value that can be written in many ways.
private indirect enum Sample {
    case object([(name: String, value: Sample)])
    case array([Sample])
    case string(String)
    /// So many hundredths.
    case number(Int)
    case word(String)

    static func make(_ random: inout SeededRandom, depth: Int) -> Sample {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 4), using: &random) {
        case 0: return .string(["", "a", "é/\"", "\u{1F600}", "1", "null"].randomElement(using: &random) ?? "")
        case 1, 2: return .number(Int.random(in: -500...500, using: &random))
        case 3: return .word(["true", "false", "null"].randomElement(using: &random) ?? "null")
        case 4:
            let count = Int.random(in: 0...4, using: &random)
            return .array((0..<count).map { _ in make(&random, depth: depth - 1) })
        default:
            let names = ["a", "b", "é", "", "1"].shuffled(using: &random).prefix(Int.random(in: 0...5, using: &random))
            return .object(names.map { (name: $0, value: make(&random, depth: depth - 1)) })
        }
    }

    func text(_ random: inout SeededRandom) -> String {
        let space = Bool.random(using: &random) ? " " : ""
        switch self {
        case .object(let members):
            let parts = members.shuffled(using: &random).map { member in
                Self.quoted(member.name, &random) + space + ":" + member.value.text(&random)
            }
            return "{" + space + parts.joined(separator: "," + space) + "}"
        case .array(let elements): return "[" + elements.map { $0.text(&random) }.joined(separator: space + ",") + "]"
        case .string(let text): return Self.quoted(text, &random)
        case .number(let hundredths):
            let (sign, size) = (hundredths < 0 ? "-" : "", hundredths.magnitude)
            let digits = (size % 100 < 10 ? "0" : "") + "\(size % 100)"
            return [
                "\(hundredths)e-2", hundredths == 0 ? "-0E5" : "\(hundredths)0E-3", "\(sign)\(size / 100).\(digits)",
                "\(sign)0.\(String(repeating: "0", count: max(0, 6 - "\(size)".utf8.count)))\(size)e+4",
            ].randomElement(using: &random) ?? "0"
        case .word(let word): return word
        }
    }

    private static func quoted(_ text: String, _ random: inout SeededRandom) -> String {
        let parts = text.utf16.map { unit -> String in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        }
        let isPlain = !text.contains("\"") && Bool.random(using: &random)
        return "\"" + (isPlain ? text : parts.joined()) + "\""
    }

    /// With one part that says something else.
    func changed(_ random: inout SeededRandom) -> Sample {
        switch self {
        case .object(var members):
            guard let index = members.indices.randomElement(using: &random) else {
                return .object([(name: "new", value: .word("null"))])
            }
            if Bool.random(using: &random) {
                members.remove(at: index)
            } else {
                members[index].value = members[index].value.changed(&random)
            }
            return .object(members)
        case .array(var elements):
            guard let index = elements.indices.randomElement(using: &random) else { return .array([.array([])]) }
            elements[index] = elements[index].changed(&random)
            return .array(elements)
        case .string(let text): return .string(text + "x")
        case .number(let hundredths): return .number(hundredths + 1)
        case .word(let word): return .word(word == "null" ? "true" : "null")
        }
    }
}
