/// What is wrong with a row of an import, or with the file from there on.
package struct RowError: Error, Sendable, Equatable {
    /// Where the row begins, from 1.
    package let line: Int
    /// The column's name, or its number when the file does not say; nil: the row as such.
    package let field: String?
    package let reason: String
    /// It is wrong with the file as such, which every row shows again.
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

/// The errors of a file: the first of them kept, all of them counted.
package struct RowErrors: Sendable {
    package static let kept = 50

    package private(set) var count = 0
    /// By line; at most `kept`. Without those of all rows.
    package private(set) var first: [RowError] = []
    /// What is wrong with all rows alike, in the words of the first of them.
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
        // Rows come in the order of their times, lines do not then.
        guard first.count < Self.kept || error.line < first.last?.line ?? 0 else { return }
        let place = first.firstIndex { $0.line > error.line } ?? first.count
        first.insert(error, at: place)
        if first.count > Self.kept { first.removeLast() }
    }

    /// How many are neither in `first` nor like `ofAll`.
    package var untold: Int { count - countOfAll - first.count }
}
