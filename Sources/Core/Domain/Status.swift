/// Where a project is in its life. `failed` means refunded; there is no other way to fail or to be refunded.
public enum Status: String, Sendable, CaseIterable {
    case pending, processing, completed, failed

    /// Ended, for good.
    public var isTerminal: Bool { self == .completed || self == .failed }

    /// What a report may say.
    package static let reportable: [Status] = [.processing, .completed, .failed]
}
