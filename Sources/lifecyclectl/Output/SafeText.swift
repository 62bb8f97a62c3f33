internal import LifecycleCore

/// Makes text of callers safe for a terminal: on one line and without control characters.
enum SafeText {
    /// A text of a caller alone. Backslashes are doubled, so that every escape in the output was made here.
    static func value(_ text: String) -> String { PeerText.escaped(text, maximumBytes: .max) }

    /// A sentence. Escapes in it stay as they are, because the parts from callers are escaped already: by the daemon,
    /// or by `value`.
    static func line(_ text: String) -> String { PeerText.visible(text) }

    /// A word for a shell's command line.
    static func shellWord(_ text: String) -> String { ShellWord.quoted(text) }

    /// A text with several lines, for example the parser's message about a wrong command line, which quotes it.
    static func lines(_ text: String) -> String { PeerText.visible(text, keepsLines: true) }

    static func json(_ text: String) -> String { PeerText.visibleJSON(text) }
}
