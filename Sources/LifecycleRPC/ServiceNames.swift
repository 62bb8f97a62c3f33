// The service group makes a name of each service by printing it. Without a description that is reflection of all that a
// service holds: a quarter of the instructions of a start.

extension DaemonService: CustomStringConvertible {
    nonisolated var description: String { "daemon" }
}

extension Watchdog: CustomStringConvertible {
    var description: String { "watchdog" }
}

extension RetentionService: CustomStringConvertible {
    package var description: String { "retention" }
}
