package import Foundation

/// What the machine lets a test do: tests of the rest are skipped by a condition.
package enum Machine {
    package static let isRoot = geteuid() == 0
    package static let hasStrace = isRoot && has("strace")
    package static let hasPython = has("python3")
    package static let hasSocketActivate = has("systemd-socket-activate")

    package static let asNobody = ["--reuid=\(nobody)", "--regid=\(nobody)", "--clear-groups"]
    package static let nobody: uid_t = 65534

    private static func has(_ program: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
        }
    }
}
