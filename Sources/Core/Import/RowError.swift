/// What is wrong with a row of an import, or with the file from there on.
package struct RowError: Error, Sendable, Equatable {
    /// Where the row begins, from 1.
    package let line: Int
    /// The column's name, or its number when the file does not say; nil: the row as such.
    package let field: String?
    package let reason: String

    package init(line: Int, field: String?, _ reason: String) {
        self.line = line
        self.field = field
        self.reason = reason
    }

    package init(_ error: CSVError) { self.init(line: error.line, field: "field \(error.field)", error.reason) }
}

extension RowError: CustomStringConvertible {
    package var description: String { field.map { "\($0): \(reason)" } ?? reason }
}

/// The errors of a file: the first of them kept, all of them counted.
package struct RowErrors: Sendable {
    package static let kept = 50

    package private(set) var count = 0
    /// By line; at most `kept`.
    package private(set) var first: [RowError] = []

    package init() {}

    package mutating func add(_ error: RowError) {
        count += 1
        // Rows come in the order of their times, lines do not then.
        guard first.count < Self.kept || error.line < first.last?.line ?? 0 else { return }
        let place = first.firstIndex { $0.line > error.line } ?? first.count
        first.insert(error, at: place)
        if first.count > Self.kept { first.removeLast() }
    }
}
