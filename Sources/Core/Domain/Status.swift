/// The status of a project. Every failed project is refunded, and no other project is.
public enum Status: String, Sendable, CaseIterable {
    case pending, processing, completed, failed

    /// The project has its verdict.
    public var isTerminal: Bool { self == .completed || self == .failed }

    /// The statuses that a report may have.
    package static let reportable: [Status] = [.processing, .completed, .failed]
}
