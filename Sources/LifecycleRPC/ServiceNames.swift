// The service group prints each service to get its name. Without a description, Swift reflects over everything that the
// service contains, which is a quarter of the instructions of a start.

extension DaemonService: CustomStringConvertible {
    nonisolated var description: String { "daemon" }
}

extension Watchdog: CustomStringConvertible {
    var description: String { "watchdog" }
}

extension RetentionService: CustomStringConvertible {
    package var description: String { "retention" }
}
