internal import ArgumentParser
internal import LifecycleClient

/// How every subcommand reaches the daemon and says what it got.
struct ConnectionOptions: ParsableArguments {
    @OptionGroup var socket: SocketOption

    @Option(help: ArgumentHelp("How long to wait for an answer.", valueName: "seconds"))
    var timeout: Double = 30

    @Flag(help: "Print the daemon's result as it is, one JSON text a line.")
    var json = false

    func validate() throws {
        guard timeout > 0, timeout <= 31_536_000 else {
            throw ValidationError("--timeout must be above 0 and at most a year of seconds.")
        }
    }

    var configuration: ClientConfiguration {
        var configuration = socket.configuration
        configuration.callTimeout = .seconds(timeout)
        return configuration
    }
}
