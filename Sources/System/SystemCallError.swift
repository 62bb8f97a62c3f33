internal import Glibc

/// A system call failed that the program cannot do without, for example to make a thread or a pipe.
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
