public import Logging

/// How a client works. Every default suits a web app on the daemon's machine.
public struct ClientConfiguration: Sendable {
    /// Where the packaged daemon listens.
    public static let defaultSocketPath = "/run/lifecycled/lifecycle.sock"

    /// The daemon's Unix socket.
    public var socketPath: String
    /// How long a call waits for its answer, all repeats included, unless the call says otherwise. Above zero.
    public var callTimeout: Duration = .seconds(30)
    /// How long a call waits for a connection while the daemon is away, as it is when it restarts. Zero: one try.
    public var connectTimeout: Duration = .seconds(5)
    /// Calls that were sent and not answered yet; further ones wait for their turn. 1 or more.
    public var maximumInFlight = 256
    /// A longer reply ends the connection, in bytes. The daemon's own limit is 16 MiB.
    public var maximumReplyBytes = 17 * 1024 * 1024
    /// The connection is closed when nothing was asked for so long, so that an idle daemon can stop. Opened again on
    /// the next call. A connection to which a lease is attached stays open; the client asks the daemon so often, and at
    /// least once a minute, whether the project has ended meanwhile.
    public var idleTimeout: Duration = .seconds(60)
    /// Told of reconnects and failures; never of parameters, which are the customers'.
    public var logger = Logger(label: "lifecycle-client") { _ in SwiftLogNoOpLogHandler() }

    public init(socketPath: String = defaultSocketPath) { self.socketPath = socketPath }
}
