/// The point at which the daemon crashes during a write.
public enum CrashPoint: Sendable {
    /// Before the change is durable. The change is lost.
    case beforeCommit
    /// After the change is durable and before the answer is sent.
    case afterCommit
}
