/// Why a project failed: a stable word for programs, beside the message for people.
package enum FailureCode {
    /// What a failed report says when it names no code.
    package static let pipelineFailed = "pipelineFailed"
    package static let startTimeout = "startTimeout"
    package static let leaseExpired = "leaseExpired"
    package static let runtimeExceeded = "runtimeExceeded"

    /// The process that held the lease ended without a verdict.
    package static let crashed = "crashed"
    package static let cancelled = "cancelled"

    /// The work was never begun: the call to who should do it failed.
    package static let createFailed = "createFailed"

    /// Verdicts of the daemon's clocks, which no caller may claim.
    package static let reserved = [startTimeout, leaseExpired, runtimeExceeded]

    /// What stands in `errorMessage` when a failed report gave none.
    package static let unspecifiedMessage = "unspecified"
    /// Longer messages are cut to this many bytes, on a scalar boundary.
    package static let maximumMessageBytes = 8 * 1024
}
