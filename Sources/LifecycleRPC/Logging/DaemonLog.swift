package import Logging

/// The daemon's log. It takes only messages with an id, so that `journalctl -x` can explain them. Any thread may call
/// it. It never waits for output.
package struct DaemonLog: Sendable {
    private let logger: Logger

    package init(_ logger: Logger = Logger(label: "lifecycled")) { self.logger = logger }

    /// Whether messages of this kind are written. If not, the caller need not make the fields.
    func writes(_ message: LogMessage) -> Bool { message.level >= logger.logLevel }

    package func write(_ message: LogMessage, _ fields: LogFields? = nil) {
        logger.log(level: message.level, Logger.Message(stringLiteral: message.text), metadata: fields?.metadata)
    }
}
