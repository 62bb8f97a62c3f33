internal import ArgumentParser
internal import LifecycleClient

/// The options of every subcommand that calls the daemon: its socket, the timeout and the output format.
struct ConnectionOptions: ParsableArguments {
    @OptionGroup var socket: SocketOption

    @Option(
        help: ArgumentHelp(
            "How long to wait for an answer. Default: 30, unless the command's help says otherwise.",
            valueName: "seconds"))
    var timeout: Double?

    @Flag(help: "Print the daemon's result unchanged, one JSON text per line.")
    var json = false

    func validate() throws {
        guard let timeout else { return }
        guard timeout > 0, timeout <= 31_536_000 else {
            throw ValidationError("--timeout must be more than 0 and at most 31536000 seconds (one year).")
        }
    }

    /// - Parameter seconds: the timeout if the option is not given.
    func configuration(defaultTimeout seconds: Double = 30) -> ClientConfiguration {
        var configuration = socket.configuration
        configuration.callTimeout = .seconds(timeout ?? seconds)
        return configuration
    }
}
