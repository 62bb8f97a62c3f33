internal import LifecycleCore
internal import Logging

extension LogFormat {
    /// The time, the level, the message and the metadata as `key=value`.
    static func line(
        _ level: Logger.Level, _ message: String, _ metadata: Metadata, isColoured: Bool
    ) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        line.append(addingCapacity: Timestamp.textBytes) { systemClock().append(to: &$0) }
        line.append(UInt8(ascii: " "))
        if isColoured { line.append(contentsOf: colour(of: level).utf8) }
        line.append(contentsOf: level.rawValue.utf8)
        if isColoured { line.append(contentsOf: "\u{1b}[0m".utf8) }
        line.append(UInt8(ascii: " "))
        append(message, metadata, to: &line)
        return line
    }

    private static func colour(of level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "\u{1b}[2m"
        case .info, .notice: "\u{1b}[32m"
        case .warning: "\u{1b}[33m"
        case .error, .critical: "\u{1b}[31m"
        }
    }
}
