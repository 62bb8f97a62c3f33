package import LifecycleSystem
package import Logging

extension LogSystem {
    /// Makes every `Logger` of the process log to where `LogOutput.detect()` says. Once in a process, before the first
    /// logger: swift-log traps on the second call.
    package static func bootstrap(level: Logger.Level) throws(SystemCallError) -> LogSystem {
        let log = try LogSystem(output: .detect())
        LoggingSystem.bootstrap { _ in log.handler(level: level) }
        return log
    }
}
