public import ServiceLifecycle

/// Lets the client end with the other services of a process: put it before those that use it, which end first then.
extension LifecycleClient: Service {
    /// Returns when the process shuts down and every call that was begun has its outcome.
    public func run() async throws {
        try? await gracefulShutdown()
        await close()
    }
}
