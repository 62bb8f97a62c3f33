/// Where the daemon can crash while it carries out a write.
public enum CrashPoint: Sendable {
    /// Before the change is durable: nothing of it is left.
    case beforeCommit
    /// After the change is durable, before the answer is sent.
    case afterCommit
}
