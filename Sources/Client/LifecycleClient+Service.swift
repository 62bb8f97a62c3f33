public import ServiceLifecycle

/// Stops the client together with the other services of a process. List it before the services that use it, so that
/// they stop first.
extension LifecycleClient: Service {
    /// Returns when the process shuts down and all calls in progress have their outcome. If it is cancelled, it returns
    /// at once and leaves the client open, so that other services that are cancelled can still report failures.
    public func run() async throws {
        do { try await gracefulShutdown() } catch { return }
        await close()
    }
}
