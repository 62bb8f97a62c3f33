internal import LifecycleCore
internal import Testing

@testable import LifecycleRPC

@Suite("The rows of an import")
struct RowReaderTests {
    static let now = Timestamp(milliseconds: 1_800_000_000_000)

    /// The row of a file with the columns in their usual order.
    static func project(_ row: String) throws -> (row: ImportedProject?, errors: [String]) {
        try read(ImportedProject.columns.joined(separator: ",") + "\n" + row)
    }

    static func read<Row: ImportedRow>(_ text: String) throws -> (row: Row?, errors: [String]) {
        let records = try CSVReaderTests.read(text)
        var reader = RowReader(records[1], try ImportColumns(records[0], names: Row.columns))
        let row = reader.isComplete ? Row(&reader, now: now) : nil
        return (row, reader.errors.map(\.description))
    }

    @Test(
        "times are PostgreSQL's, and UTC where they do not say",
        arguments: [
            ("2025-06-01 12:34:56", 1_748_781_296_000), ("2025-06-01 12:34:56.789", 1_748_781_296_789),
            ("2025-06-01 12:34:56.7891234", 1_748_781_296_789), ("2025-06-01 12:34:56.789+00", 1_748_781_296_789),
            ("2025-06-01 14:34:56+02", 1_748_781_296_000), ("2025-06-01 07:04:56-05:30", 1_748_781_296_000),
            ("2025-06-01T12:34:56Z", 1_748_781_296_000),
        ] as [(String, Int64)])
    func times(_ text: String, _ milliseconds: Int64) throws {
        let (row, errors) = try Self.project("p,ada,failed,40,,\(text),\(text)")
        #expect(errors.isEmpty)
        #expect(row?.order.milliseconds == milliseconds)
    }

    static let wrong: [(row: String, errors: [String])] = [
        ("p,ada,failed,40,,2025-06-01 12:34:56", ["has 6 fields, but the header has 7"]),
        (
            ",,,,,,",
            ["id", "userId", "status", "creditsUsed", "createdAt", "updatedAt"].map { "\($0): is empty" }
        ),
        (
            "p,ada,lost,40,,2025-06-01 12:34:56,2025-06-01 12:34:56",
            ["status: must be one of pending, processing, completed, failed, not \"lost\""]
        ),
        (
            "p,ada,failed,-1,,2025-06-01 12:34:56,2025-06-01 12:34:56",
            ["creditsUsed: must be a whole number from 0 to 9007199254740991, not \"-1\""]
        ),
        (
            "p,ada,failed,9007199254740992,,2025-06-01 12:34:56,2025-06-01 12:34:56",
            ["creditsUsed: must be a whole number from 0 to 9007199254740991, not \"9007199254740992\""]
        ),
        (
            "p,ada,failed,1.0,,2025-06-01 12:34:56,2025-02-30 12:34:56",
            [
                "creditsUsed: must be a whole number from 0 to 9007199254740991, not \"1.0\"",
                "updatedAt: must be a time such as 2025-06-01 12:34:56.789, not \"2025-02-30 12:34:56\"",
            ]
        ),
        (
            "p,ada,failed,1,,infinity,2027-01-15 08:00:00.001",
            [
                "createdAt: must be a time such as 2025-06-01 12:34:56.789, not \"infinity\"",
                "updatedAt: 2027-01-15T08:00:00.001Z is in the future; a time without an offset is taken as UTC",
            ]
        ),
        (
            "\"p\n\",ada,failed,1,,2025-06-01 12:34:56,2025-06-01 12:34:56",
            ["id: must not contain control characters"]
        ),
    ]

    @Test("all that is wrong with a row is said, each by its column", arguments: wrong)
    func errors(_ row: String, _ errors: [String]) throws {
        let read = try Self.project(row)
        #expect(read.row == nil)
        #expect(read.errors == errors)
    }

    @Test("columns are found by name in any order, and others are left alone")
    func header() throws {
        let (row, errors): (ImportedUser?, [String]) = try Self.read("x,credits,y,userId\n1,5,2,ada\n")
        #expect(errors.isEmpty && row != nil)
        let record = try CSVReaderTests.read("x,credits,y,userId\n")[0]
        #expect(try ImportColumns(record, names: ImportedUser.columns).ignored == ["x", "y"])
    }

    @Test(
        "a header without a column that is needed, or with one twice, is refused",
        arguments: [
            ("userId\n", "credits: the header does not have this column; needed are userId, credits"),
            ("userId,Credits\n", "credits: the header does not have this column; needed are userId, credits"),
            ("credits,userId,credits\n", "credits: the header has this column twice"),
        ])
    func wrongHeader(_ header: String, _ reason: String) throws {
        let record = try CSVReaderTests.read(header)[0]
        let error = #expect(throws: RowError.self) { try ImportColumns(record, names: ImportedUser.columns) }
        #expect(error?.description == reason)
        #expect(error?.line == 1)
    }

    @Test(
        "a time of another DateStyle is said once for all rows, and asks for ISO",
        arguments: [
            "06/01/2025 12:34:56.789", "13/06/2025 12:34:56 CEST", "01.06.2025 12:34:56.789 CET", "06-01-2025",
            "Sun Jun 01 12:34:56.789 2025", "Sun 01 Jun 12:34:56 2025 CEST",
        ])
    func dateStyle(_ text: String) throws {
        let records = try CSVReaderTests.read(
            ImportedProject.columns.joined(separator: ",") + "\n"
                + String(repeating: "p,ada,failed,-1,,\(text),\(text)\n", count: 300))
        let columns = try ImportColumns(records[0], names: ImportedProject.columns)
        var errors = RowErrors()
        for record in records.dropFirst() {
            var reader = RowReader(record, columns)
            #expect(ImportedProject(&reader, now: Self.now) == nil)
            for error in reader.errors { errors.add(error) }
        }
        #expect(errors.count == 900 && errors.countOfAll == 600)
        #expect(errors.ofAll?.line == 2)
        #expect(
            errors.ofAll?.description
                == "createdAt: \"\(text)\" has another DateStyle: export again after SET DateStyle = ISO")
        #expect(errors.first.count == 50 && errors.first.allSatisfy { $0.field == "creditsUsed" })
        #expect(errors.notShown == 250)
    }

    @Test("the first 50 errors by line are kept, and all are counted")
    func bounded() {
        var errors = RowErrors()
        for line in (1...200).reversed() { errors.add(RowError(line: line, field: nil, "x")) }
        #expect(errors.count == 200)
        #expect(errors.first.map(\.line) == Array(1...50))
    }
}
