public import Logging

/// The settings of a client. The defaults suit a web app on the daemon's machine.
public struct ClientConfiguration: Sendable {
    /// The socket of the packaged daemon.
    public static let defaultSocketPath = "/run/lifecycled/lifecycle.sock"

    /// The daemon's Unix socket.
    public var socketPath: String
    /// How long a call waits for its answer, including repeats, if the call gives no timeout. Must be more than zero.
    public var callTimeout: Duration = .seconds(30)
    /// How long a call waits for a connection while the daemon cannot be reached, for example during a restart.
    /// Zero: one try.
    public var connectTimeout: Duration = .seconds(5)
    /// The number of calls that may be sent and not answered yet. Further calls wait. 1 or more.
    public var maximumInFlight = 256
    /// The longest accepted reply, in bytes. A longer one ends the connection. The daemon's own limit is 16 MiB.
    public var maximumReplyBytes = 17 * 1024 * 1024
    /// The connection is closed after this time without a call, so that an idle daemon can stop. The next call opens it
    /// again. A connection with an attached lease stays open. The client then asks the daemon in this interval, and at
    /// least once a minute, whether the project has ended.
    public var idleTimeout: Duration = .seconds(60)
    /// Gets messages about reconnects and failures. They never contain parameters, which may be customers' data.
    public var logger = Logger(label: "lifecycle-client") { _ in SwiftLogNoOpLogHandler() }

    public init(socketPath: String = defaultSocketPath) { self.socketPath = socketPath }
}
