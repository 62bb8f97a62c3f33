package import Logging

/// The daemon's own log. It takes nothing but messages that have an id: whoever reads one can have it explained
/// (`journalctl -x`). Any thread; never waits for output.
package struct DaemonLog: Sendable {
    private let logger: Logger

    package init(_ logger: Logger = Logger(label: "lifecycled")) { self.logger = logger }

    /// Whether a message of this kind is written at all: for who would put together its fields in vain.
    func writes(_ message: LogMessage) -> Bool { message.level >= logger.logLevel }

    package func write(_ message: LogMessage, _ fields: LogFields? = nil) {
        logger.log(level: message.level, Logger.Message(stringLiteral: message.text), metadata: fields?.metadata)
    }
}
