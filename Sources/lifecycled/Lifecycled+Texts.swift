internal import ArgumentParser
internal import LifecycleRPC

extension Lifecycled {
    static var discussion: String {
        """
        By hand:
          lifecycled --socket /tmp/lifecycle.sock --database ~/lifecycle/lifecycle.db

        By systemd: a .socket unit with one ListenStream= starts it on the first connection, and its .service needs \
        StateDirectory=lifecycle and Type=notify.

        Old data, with the daemon stopped:
          lifecycled --import projects old.csv --dry-run --database ~/lifecycle/lifecycle.db

        Each flag can also be given by the environment variable named at its end; a flag comes first. SIGTERM, \
        SIGINT and SIGHUP stop it in order. --restore and --sweep are for now only and have no variable: the one takes the daemon's stop, the \
        other can be run at any time.

        Exit codes:
        \(exitCodes)
        """
    }

    private static var exitCodes: String {
        DaemonExit.allCases.map { "  \($0.rawValue)\($0 == .ok ? " " : "")  \($0.meaning)" }.joined(separator: "\n")
    }
}
