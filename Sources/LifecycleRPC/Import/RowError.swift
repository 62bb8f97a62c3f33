/// An error in a row of an import, or in the file from this row on.
package struct RowError: Error, Sendable, Equatable {
    /// The line where the row begins, from 1.
    package let line: Int
    /// The column's name, or its number if the name is not known. `nil` for the whole row.
    package let field: String?
    package let reason: String
    /// The error concerns the whole file, so every row has it.
    package let isOfAll: Bool

    package init(line: Int, field: String?, _ reason: String, isOfAll: Bool = false) {
        self.line = line
        self.field = field
        self.reason = reason
        self.isOfAll = isOfAll
    }

    init(_ error: CSVError) { self.init(line: error.line, field: "field \(error.field)", error.reason) }
}

extension RowError: CustomStringConvertible {
    package var description: String { field.map { "\($0): \(reason)" } ?? reason }
}

/// The errors of a file. All are counted, and the first ones are kept.
package struct RowErrors: Sendable {
    package static let kept = 50

    package private(set) var count = 0
    /// Sorted by line, at most `kept`, without errors of the whole file.
    package private(set) var first: [RowError] = []
    /// The error of the whole file, as its first row has it.
    package private(set) var ofAll: RowError?
    package private(set) var countOfAll = 0

    package init() {}

    package mutating func add(_ error: RowError) {
        count += 1
        if error.isOfAll {
            countOfAll += 1
            if error.line < ofAll?.line ?? .max { ofAll = error }
            return
        }
        // Rows are written in the order of their times, so their lines are not in order.
        guard first.count < Self.kept || error.line < first.last?.line ?? 0 else { return }
        let place = first.firstIndex { $0.line > error.line } ?? first.count
        first.insert(error, at: place)
        if first.count > Self.kept { first.removeLast() }
    }

    /// The number of errors that are neither in `first` nor in `countOfAll`.
    package var notShown: Int { count - countOfAll - first.count }
}
