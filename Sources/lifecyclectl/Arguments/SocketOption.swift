internal import ArgumentParser
internal import Glibc
internal import LifecycleClient

/// Where the daemon is.
struct SocketOption: ParsableArguments {
    static let variable = "LIFECYCLE_SOCKET"

    @Option(
        help: ArgumentHelp(
            "The daemon's socket. Default: $\(variable), else \(ClientConfiguration.defaultSocketPath).",
            valueName: "path"),
        completion: .file())
    var socket: String?

    /// With one try to connect: a user sees at once that there is no daemon.
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
