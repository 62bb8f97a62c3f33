internal import Glibc

/// What the file behind a descriptor can show.
struct Terminal {
    let isTerminal: Bool
    /// It understands escape sequences.
    let isCapable: Bool
    let hasColour: Bool
    /// The number of columns. `nil` if lines must not be cut.
    let width: Int?

    static let output = Terminal(STDOUT_FILENO)
    static let errors = Terminal(STDERR_FILENO)

    private init(_ descriptor: Int32) {
        isTerminal = isatty(descriptor) == 1
        isCapable = isTerminal && !["", "dumb"].contains(Self.variable("TERM"))
        hasColour = isCapable && Self.variable("NO_COLOR").isEmpty
        width = isTerminal ? Self.width(of: descriptor) : nil
    }

    private static func width(of descriptor: Int32) -> Int {
        if let columns = Int(variable("COLUMNS")), columns > 0 { return columns }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private static func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
}
