internal import ArgumentParser
internal import LifecycleClient

/// How every subcommand reaches the daemon and says what it got.
struct ConnectionOptions: ParsableArguments {
    @OptionGroup var socket: SocketOption

    @Option(
        help: ArgumentHelp(
            "How long to wait for an answer. Default: 30, where the command says no other.", valueName: "seconds"))
    var timeout: Double?

    @Flag(help: "Print the daemon's result as it is, one JSON text a line.")
    var json = false

    func validate() throws {
        guard let timeout else { return }
        guard timeout > 0, timeout <= 31_536_000 else {
            throw ValidationError("--timeout must be above 0 and at most a year of seconds.")
        }
    }

    /// - Parameter timeout: in seconds, where none is given.
    func configuration(timeout fallback: Double = 30) -> ClientConfiguration {
        var configuration = socket.configuration
        configuration.callTimeout = .seconds(timeout ?? fallback)
        return configuration
    }
}
