internal import ArgumentParser
internal import LifecycleRPC

extension Lifecycled {
    static var discussion: String {
        """
        In a shell:
          lifecycled --socket /tmp/lifecycle.sock --database ~/lifecycle/lifecycle.db

        With systemd: a .socket unit with one ListenStream= starts the daemon on the first connection. Its .service \
        unit needs StateDirectory=lifecycle and Type=notify.

        Import of old data, while the daemon is stopped:
          lifecycled --import projects old.csv --dry-run --database ~/lifecycle/lifecycle.db

        Each flag can also be given by the environment variable at the end of its description. The flag has \
        precedence. SIGTERM, SIGINT and SIGHUP stop the daemon in order. --restore and --sweep have no variable. \
        --restore needs the daemon to be stopped; --sweep can run at any time.

        Exit codes:
        \(exitCodes)
        """
    }

    private static var exitCodes: String {
        DaemonExit.allCases.map { "  \($0.rawValue)\($0 == .ok ? " " : "")  \($0.meaning)" }.joined(separator: "\n")
    }
}
