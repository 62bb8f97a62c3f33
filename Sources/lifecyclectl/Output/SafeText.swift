internal import LifecycleCore

/// Text that others wrote, as it may go to a terminal: on one line, and without a character that does something.
enum SafeText {
    static func line(_ text: String) -> String { PeerText.escaped(text, maximumBytes: .max) }

    /// A word for a shell's command line.
    static func shellWord(_ text: String) -> String { ShellWord.quoted(text) }

    /// A text of several lines, such as the parser's about a wrong command line, which repeats what it was given.
    static func lines(_ text: String) -> String { PeerText.visible(text, keepsLines: true) }

    /// See `PeerText.visibleJSON`.
    static func json(_ text: String) -> String { PeerText.visibleJSON(text) }
}
