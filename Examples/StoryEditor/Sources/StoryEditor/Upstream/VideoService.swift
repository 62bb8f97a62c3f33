/// Who makes the videos. A protocol, so that the app does not depend on one of them.
protocol VideoService: Sendable {
    /// Hands over a job.
    ///
    /// - Parameter key: Always the same for the same job: the service begins it once.
    /// - Returns: The service's id of the job, 1 to 255 bytes without control characters.
    /// - Throws: `UpstreamError`.
    func start(_ order: VideoOrder, key: String) async throws -> String
}

/// Why no job was begun. Users read the description.
enum UpstreamError: Error, CustomStringConvertible {
    /// It said no.
    case refused(status: UInt, reason: String?)
    /// It did not answer in time. It may have begun all the same; its reports are refused then.
    case timedOut
    /// No connection, or it ended before the answer.
    case unreachable
    /// What it said cannot be understood.
    case badAnswer(String)

    var description: String {
        switch self {
        case .refused(let status, let reason?): "The video service refused the job (\(status): \(reason))."
        case .refused(let status, nil): "The video service refused the job (\(status))."
        case .timedOut: "The video service did not answer in time."
        case .unreachable: "The video service could not be reached."
        case .badAnswer(let what): "The video service gave an answer that cannot be understood: \(what)."
        }
    }
}
