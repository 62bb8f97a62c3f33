internal import Glibc
internal import LifecycleCore

/// Standard output or standard error. Write errors are ignored, for example if nobody reads the stream.
package struct StandardStream: Sendable {
    package static let output = StandardStream(descriptor: STDOUT_FILENO)
    package static let errors = StandardStream(descriptor: STDERR_FILENO)

    private let descriptor: Int32

    /// Writes a message on one line. It may contain text of callers, so control characters are escaped.
    package func line(_ text: String) { write(PeerText.visible(text) + "\n") }

    /// Writes JSON with its LF. On a terminal control characters are escaped.
    package func json(_ text: String) { write(isatty(descriptor) == 1 ? PeerText.visibleJSON(text) : text) }

    /// Writes text unchanged. Parts of callers must be escaped before.
    package func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
