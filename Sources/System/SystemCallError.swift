internal import Glibc

/// Why the system refused something that nothing can go on without: a thread, a pipe.
package struct SystemCallError: Error, Sendable, CustomStringConvertible {
    package let call: String
    /// `errno`.
    package let code: Int32

    package init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    package var description: String { "\(call) failed: \(String(cString: strerror(code)))" }
}
