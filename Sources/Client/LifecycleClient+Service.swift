public import ServiceLifecycle

/// Lets the client end with the other services of a process: put it before those that use it, which end first then.
extension LifecycleClient: Service {
    /// Returns when the process shuts down and every call that was begun has its outcome. When it is cancelled it returns
    /// at once and leaves the client open: services that are cancelled with it may have failures to report.
    public func run() async throws {
        do { try await gracefulShutdown() } catch { return }
        await close()
    }
}
