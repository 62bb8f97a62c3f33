internal import LifecycleCore
internal import Testing

@Suite("JSON numbers")
struct JSONNumberTests {
    @Test(
        "an exact integer is read however it is written",
        arguments: [
            ("0", 0), ("-0", 0), ("0.0", 0), ("-0.000", 0), ("0e0", 0), ("0e999999999999999999999", 0),
            ("-0E-99999999999999999999", 0), ("1", 1), ("-1", -1), ("1.0", 1), ("-1.0", -1), ("1e2", 100),
            ("1E+2", 100), ("100e-2", 1), ("1.50e1", 15), ("0.001e3", 1), ("0.0010e4", 10),
            ("1.000000000000000000000000000000", 1), ("12345.678e3", 12_345_678),
            ("9007199254740991", 9_007_199_254_740_991), ("-9007199254740991", -9_007_199_254_740_991),
            ("9007199254740991.000", 9_007_199_254_740_991), ("900719925474099.1e1", 9_007_199_254_740_991),
            ("9.007199254740991e15", 9_007_199_254_740_991), ("90071992547409910e-1", 9_007_199_254_740_991),
            ("1e15", 1_000_000_000_000_000), ("9e15", 9_000_000_000_000_000), ("1e0000000000000000000000001", 10),
            ("1000000000000000000000000000000e-30", 1), ("9007199254740991000000e-6", 9_007_199_254_740_991),
        ] as [(String, Int64)])
    func integers(text: String, expected: Int64) throws {
        #expect(try parseJSON(text).integer == expected)
        #expect(try parseJSON("[ \(text) ]").elements.map(\.integer) == [expected])
    }

    @Test(
        "what is not an exact integer in range is none",
        arguments: [
            "1.5", "0.1", "-0.5", "1e-1", "1.01e1", "9007199254740992", "-9007199254740992", "9007199254740993",
            "9007199254740991.5", "9007199254740990.9999999999999999", "1e16", "1e400", "-1e400", "1e-400",
            "1e99999999999999999999999", "1e-99999999999999999999999", "18446744073709551615", "18446744073709551616",
            "9223372036854775807", "9223372036854775808", "-9223372036854775808", "123456789012345678901234567890",
            "123456789012345678901234567890e-14", "9007199254740992e0", "90071992547409911e-1", "\"1\"", "\"\"", "true",
            "null", "[1]", "{}", #"{"1":1}"#,
        ])
    func notIntegers(text: String) throws {
        #expect(try parseJSON(text).integer == nil)
    }

    @Test(
        "a sum is read exactly over all 64 bits",
        arguments: [
            ("0", 0), ("-1", -1), ("9007199254740991", 9_007_199_254_740_991),
            ("9007199254740993", 9_007_199_254_740_993),
            ("-9007199254740993.0", -9_007_199_254_740_993), ("1e18", 1_000_000_000_000_000_000),
            ("9223372036854775807", .max), ("-9223372036854775808", .min), ("922337203685477580.7e1", .max),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("18446744073709551616", nil), ("1e19", nil),
            ("9223372036854775807.5", nil), ("1e400", nil), ("\"1\"", nil), ("null", nil),
        ] as [(String, Int64?)])
    func sums(text: String, expected: Int64?) throws {
        #expect(try parseJSON(text).int64 == expected)
    }

    @Test("digits by the ten thousand neither trap nor take quadratic time", .timeLimit(.minutes(60)))
    func longNumbers() throws {
        let zeros = String(repeating: "0", count: 200_000)
        #expect(try parseJSON("1\(zeros)e-200000").integer == 1)
        #expect(try parseJSON("0.\(zeros)1e200001").integer == 1)
        #expect(try parseJSON("1.\(zeros)").integer == 1)
        #expect(try parseJSON("1.\(zeros)1").integer == nil)
        #expect(try parseJSON("1\(zeros)").integer == nil)
        #expect(try parseJSON("1\(zeros)").double == nil)
        #expect(try parseJSON("1e\(zeros)1").integer == 10)
        #expect(try parseJSON("1e\(String(repeating: "9", count: 200_000))").integer == nil)
        #expect(try parseJSON("1e-\(String(repeating: "9", count: 200_000))").integer == nil)
        #expect(try parseJSON(String(repeating: "9", count: 200_000)).integer == nil)
    }

    @Test(
        "a number reads as the nearest double",
        arguments: [
            ("0", 0), ("1", 1), ("-1.5", -1.5), ("0.1", 0.1), ("0.35", 0.35), ("1e2", 100), ("1E-2", 0.01),
            ("1e308", 1e308), ("9007199254740993", 9_007_199_254_740_992), ("5e-324", .leastNonzeroMagnitude),
            ("1e-400", 0), ("1.7976931348623157e308", Double.greatestFiniteMagnitude),
            ("0.1000000000000000055511151231257827021181583404541015625", 0.1),
            ("123456789012345678901234567890", 1.2345678901234568e29),
        ] as [(String, Double)])
    func doubles(text: String, expected: Double) throws {
        #expect(try parseJSON(text).double == expected)
    }

    @Test("negative zero keeps its sign as a double")
    func negativeZero() throws {
        #expect(try parseJSON("-0.0").double?.sign == .minus)
    }

    @Test(
        "no double comes from an infinite number or another kind",
        arguments: ["1e309", "-1e400", "1e99999999999999", "\"1\"", "true", "null", "[]", "{}"])
    func notDoubles(text: String) throws {
        #expect(try parseJSON(text).double == nil)
    }
}
