/// Why a project failed, as a word for programs. `errorMessage` is the text for people.
package enum FailureCode {
    /// Used if a failed report has no code.
    package static let pipelineFailed = "pipelineFailed"
    package static let startTimeout = "startTimeout"
    package static let leaseExpired = "leaseExpired"
    package static let runtimeExceeded = "runtimeExceeded"

    /// The connection of the lease holder ended before a verdict.
    package static let crashed = "crashed"
    package static let cancelled = "cancelled"

    /// The call to the upstream failed, so the work was not started.
    package static let createFailed = "createFailed"

    /// Only the daemon may use these codes: one of its clocks ran out.
    package static let reserved = [startTimeout, leaseExpired, runtimeExceeded]

    /// Used if a failed report has no message.
    package static let unspecifiedMessage = "unspecified"
    /// Longer messages are cut to this number of bytes, at the boundary of a Unicode scalar.
    package static let maximumMessageBytes = 8 * 1024
}
