internal import LifecycleCore

/// Text that others wrote, as it may go to a terminal: on one line, and without a character that does something.
enum SafeText {
    /// What somebody wrote, by itself. A backslash is doubled, so that what looks like an escape is one.
    static func value(_ text: String) -> String { PeerText.escaped(text, maximumBytes: .max) }

    /// A sentence. Its own escapes stay as they are: the daemon has escaped what others wrote, and so does who puts a
    /// `value` in.
    static func line(_ text: String) -> String { PeerText.visible(text) }

    /// A word for a shell's command line.
    static func shellWord(_ text: String) -> String { ShellWord.quoted(text) }

    /// A text of several lines, such as the parser's about a wrong command line, which repeats what it was given.
    static func lines(_ text: String) -> String { PeerText.visible(text, keepsLines: true) }

    /// See `PeerText.visibleJSON`.
    static func json(_ text: String) -> String { PeerText.visibleJSON(text) }
}
