internal import LifecycleClient

extension Lifecyclectl {
    static var discussion: String {
        """
        It calls the daemon over its Unix socket. Your Unix groups decide what you may do. Times are in UTC. \
        --json prints the daemon's results unchanged, one JSON text per line. \
        --generate-completion-script prints completions for bash, zsh or fish.

        Examples:
          lifecyclectl list --status failed --since 2d
          lifecyclectl explain 019ab0c4-5d2e-7a31-8c11-2f60b1f6a0de
          lifecyclectl grant ada 100 --reason "order 4711"
          lifecyclectl list --all --json | jq -c '.projects[]'
          lifecyclectl watch --user ada

        Environment:
          \(SocketOption.variable)  the daemon's socket if --socket is not given
          COLUMNS           the width at which tables are cut on a terminal
          NO_COLOR          no colours if it is set, as with TERM=dumb

        Exit codes:
        \(exitCodes)
        """
    }

    private static var exitCodes: String {
        ExitStatus.allCases.map { "  \($0.rawValue)  \($0.meaning)" }.joined(separator: "\n")
    }
}
