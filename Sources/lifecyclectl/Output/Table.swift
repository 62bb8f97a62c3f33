/// Rows in aligned columns.
struct Table {
    struct Cell {
        /// Has no control characters.
        let text: String
        let style: Style

        /// - Parameter text: may come from a caller. It is escaped.
        init(_ text: String, _ style: Style = .plain) {
            self.text = SafeText.value(text)
            self.style = style
        }

        init(_ number: Int64) { self.init("\(number)") }
    }

    /// The alignment and title of a column. Numbers are aligned on the right.
    enum Column {
        case left(String)
        case right(String)

        var title: String {
            switch self {
            case .left(let title), .right(let title): title
            }
        }
    }

    private let columns: [Column]
    private let hasHeading: Bool
    private let isCut: Bool
    private var rows: [[Cell]] = []

    init(_ columns: Column...) {
        self.columns = columns
        hasHeading = true
        isCut = true
    }

    /// A table of names and values without a heading. Its lines are not cut.
    init(details: [(name: String, value: Cell?)]) {
        columns = [.left(""), .left("")]
        hasHeading = false
        isCut = false
        for case (let name, let value?) in details { append([Cell(name, .heading), value]) }
    }

    var isEmpty: Bool { rows.isEmpty }

    /// One cell for each column.
    mutating func append(_ cells: [Cell]) { rows.append(cells) }

    /// All lines, each with LF at its end.
    func text(on terminal: Terminal) -> String {
        let heading = hasHeading ? [columns.map { Cell($0.title, .heading) }] : []
        var widths = [Int](repeating: 0, count: columns.count)
        for row in heading + rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.text.width) }
        }
        return (heading + rows).map { line($0, widths, terminal) + "\n" }.joined()
    }

    private func line(_ row: [Cell], _ widths: [Int], _ terminal: Terminal) -> String {
        var line = StyledLine()
        for (index, cell) in row.enumerated() {
            let padding = max(0, widths[index] - cell.text.width)
            if case .right = columns[index] { line.skip(padding) }
            line.append(cell.text, cell.style)
            if case .left = columns[index] { line.skip(padding) }
            line.skip(2)
        }
        return line.text(on: terminal, cutTo: isCut ? terminal.width : nil)
    }
}
