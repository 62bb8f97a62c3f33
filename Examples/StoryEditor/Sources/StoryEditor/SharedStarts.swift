internal import LifecycleClient

/// Starts that run now. A double click sends the same key twice at once: both get the one start's outcome, so that no
/// answer says "failed" of a job that the other has begun. A start also goes on when the visitor who asked for it is
/// gone.
actor SharedStarts {
    private var running: [[UInt8]: Task<Project, any Error>] = [:]

    /// - Parameter name: of the start; nil: nobody can ask for the same.
    func share(
        _ name: String?, _ start: @escaping @Sendable () async throws -> Project
    ) async throws -> Project {
        guard let name else { return try await Self.value(of: Task(operation: start)) }
        // Bytes: Swift's == calls different keys equal.
        let key = Array(name.utf8)
        if let other = running[key] { return try await Self.value(of: other) }
        let task = Task(operation: start)
        running[key] = task
        defer { running[key] = nil }
        return try await Self.value(of: task)
    }

    /// Requests are cancelled only when the app's time to stop is over: the start ends then, and its credits go back.
    private static func value(of task: Task<Project, any Error>) async throws -> Project {
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
