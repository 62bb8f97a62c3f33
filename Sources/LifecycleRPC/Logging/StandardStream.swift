internal import Glibc
internal import LifecycleCore

/// Standard output or standard error. That nobody reads it ends nothing: what was done is done.
package struct StandardStream: Sendable {
    package static let output = StandardStream(descriptor: STDOUT_FILENO)
    package static let errors = StandardStream(descriptor: STDERR_FILENO)

    private let descriptor: Int32

    /// A message, which may have in it what others wrote; on one line, and without what a terminal would act on.
    package func line(_ text: String) { write(PeerText.visible(text) + "\n") }

    /// JSON with its LF. On a terminal, nothing in it does something there.
    package func json(_ text: String) { write(isatty(descriptor) == 1 ? PeerText.visibleJSON(text) : text) }

    /// As it is: made of texts that were escaped before.
    package func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
