internal import Foundation
internal import LifecycleCore
internal import TestSupport
internal import Testing

@Suite("Timestamps")
struct TimestampTests {
    /// Milliseconds and the one way they are written.
    static let written: [(Int64, String)] = [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (951_868_799_999, "2000-02-29T23:59:59.999Z"),
        (951_868_800_000, "2000-03-01T00:00:00.000Z"),
        (4_107_456_000_000, "2100-02-28T00:00:00.000Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
        (1_795_438_879_042, "2026-11-23T13:01:19.042Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (-2_208_988_800_000, "1900-01-01T00:00:00.000Z"),
        (2_147_483_648_000, "2038-01-19T03:14:08.000Z"),
    ]

    @Test("are written with milliseconds and Z, and read back", arguments: written)
    func table(_ milliseconds: Int64, _ text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test("beyond the years 1 to 9999 are written as the nearest end", arguments: [Int64.min, Int64.max])
    func ends(_ milliseconds: Int64) {
        let end = milliseconds < 0 ? "0001-01-01T00:00:00.000Z" : "9999-12-31T23:59:59.999Z"
        #expect(Timestamp(milliseconds: milliseconds).description == end)
    }

    /// Other ways of saying a moment.
    static let read: [(String, Int64)] = [
        ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:00z", 0), ("1970-01-01 00:00:00Z", 0),
        ("1970-01-01T00:00:00+00:00", 0), ("1970-01-01T00:00:00-00:00", 0), ("1970-01-01T02:30:00+02:30", 0),
        ("1969-12-31T19:00:00-05:00", 0), ("1970-01-01T23:59:00+23:59", 0), ("1969-12-31T00:01:00-23:59", 0),
        ("1970-01-01T00:00:00.1Z", 100), ("1970-01-01T00:00:00.12Z", 120), ("1970-01-01T00:00:00.0019Z", 1),
        ("1970-01-01T00:00:00.9999999999999999999999999999999999999999Z", 999),
        ("1969-12-31T23:59:59.999999Z", -1), ("2024-02-29T12:00:00+12:00", 1_709_164_800_000),
    ]

    @Test("are read with any offset and any number of digits", arguments: read)
    func reading(_ text: String, _ milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(
        "are not read when anything is amiss",
        arguments: [
            "", "Z", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00Z", "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00,5Z", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:60Z",
            "1970-01-01T23:59:60Z", "1970-00-01T00:00:00Z", "1970-13-01T00:00:00Z", "1970-01-00T00:00:00Z",
            "1970-01-32T00:00:00Z", "1970-04-31T00:00:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z",
            "1970-1-1T00:00:00Z", "19700101T000000Z", "1970-01-01T00:00:00+0000", "1970-01-01T00:00:00+24:00",
            "1970-01-01T00:00:00+00:60", "1970-01-01T00:00:00+00", "1970-01-01T00:00:00ZZ", " 1970-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z ", "1970-01-01T00:00:00Z\u{0}", "1970\u{2010}01-01T00:00:00Z", "١٩٧٠-01-01T00:00:00Z",
            "1970-01-01_00:00:00Z", "1970-01-01T00:00:00\u{FF3A}",
        ])
    func refused(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("every moment comes back from its text, which sorts as it does")
    func roundTrip() {
        var random = SeededRandom(seed: 7)
        var last: (Int64, String)?
        for _ in 0..<5000 {
            let milliseconds = Int64.random(in: -62_135_596_800_000...253_402_300_799_999, using: &random)
            let text = Timestamp(milliseconds: milliseconds).description
            #expect(Timestamp(text)?.milliseconds == milliseconds)
            if let last { #expect((last.0 < milliseconds) == (last.1 < text)) }
            last = (milliseconds, text)
        }
    }

    @Test("agree with Foundation's calendar from 1600 on, day by day")
    func agreesWithFoundation() throws {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for day in stride(from: -135_140 as Int64, through: 2_932_896, by: 397) {
            let milliseconds = day * 86_400_000 + 45_296_500  // exact as a Double
            let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
            #expect(Timestamp(milliseconds: milliseconds).description == date.formatted(style))
        }
    }

    @Test(
        "division rounds down",
        arguments: [(7, 3, 2, 1), (-7, 3, -3, 2), (-6, 3, -2, 0), (0, 3, 0, 0)] as [(Int64, Int64, Int64, Int64)])
    func flooring(_ number: Int64, _ divisor: Int64, _ quotient: Int64, _ remainder: Int64) {
        let result = number.flooringDivided(by: divisor)
        #expect(result.quotient == quotient)
        #expect(result.remainder == remainder)
    }
}
