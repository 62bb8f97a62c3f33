internal import LifecycleCore

/// The look of a text on a terminal with colours. The raw value is the parameter of the escape sequence SGR.
enum Style: String {
    case plain = ""
    case heading = "1"
    case good = "32"
    case bad = "31"
    case waiting = "33"
    case working = "36"

    func apply(to text: String, on terminal: Terminal) -> String {
        self == .plain || !terminal.hasColour ? text : "\u{1B}[\(rawValue)m\(text)\u{1B}[0m"
    }
}

extension Status {
    var style: Style {
        switch self {
        case .pending: .waiting
        case .processing: .working
        case .completed: .good
        case .failed: .bad
        }
    }
}
