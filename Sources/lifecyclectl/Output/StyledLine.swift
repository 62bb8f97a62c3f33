/// A line that is made of texts with different styles. Spaces at its end are left out.
struct StyledLine {
    private var pieces: [(text: String, style: Style)] = []
    private var spaces = 0

    mutating func skip(_ columns: Int) { spaces += columns }

    mutating func append(_ text: String, _ style: Style) {
        guard !text.isEmpty else { return }
        pieces.append((String(repeating: " ", count: spaces), .plain))
        pieces.append((text, style))
        spaces = 0
    }

    /// - Parameter width: in columns. A longer line is cut, and its last column is "…".
    func text(on terminal: Terminal, cutTo width: Int?) -> String {
        var room = width ?? .max
        let isCut = pieces.reduce(0) { $0 + $1.text.width } > room
        if isCut { room -= 1 }
        var line = ""
        for (text, style) in pieces where room > 0 {
            line += style.apply(to: text.prefix(columns: room), on: terminal)
            room -= text.width
        }
        return isCut ? line + "…" : line
    }
}
