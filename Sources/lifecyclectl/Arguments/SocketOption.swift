internal import ArgumentParser
internal import Glibc
internal import LifecycleClient

/// The daemon's socket.
struct SocketOption: ParsableArguments {
    static let variable = "LIFECYCLE_SOCKET"

    @Option(
        help: ArgumentHelp(
            "The daemon's socket. Default: $\(variable), or else \(ClientConfiguration.defaultSocketPath).",
            valueName: "path"),
        completion: .file())
    var socket: String?

    /// Tries to connect only once, so that a user sees at once that there is no daemon.
    var configuration: ClientConfiguration {
        var configuration = ClientConfiguration(socketPath: path)
        configuration.connectTimeout = .zero
        return configuration
    }

    private var path: String {
        if let socket { return socket }
        guard let path = getenv(Self.variable).map({ String(cString: $0) }), !path.isEmpty else {
            return ClientConfiguration.defaultSocketPath
        }
        return path
    }
}
