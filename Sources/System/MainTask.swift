internal import Dispatch
internal import Glibc

/// The task that a program consists of.
package enum MainTask {
    /// Runs `body`, then ends the process with status 0.
    ///
    /// Instead of an `async` main: that one's task has a priority for which the runtime asks the kernel for a nice value
    /// of −4, and writes to syslog, at each start, that an ordinary user may not have it.
    package static func run(_ body: @escaping @Sendable () async -> Void) -> Never {
        Task.detached(priority: .medium) {
            await body()
            exit(EXIT_SUCCESS)
        }
        dispatchMain()
    }
}
