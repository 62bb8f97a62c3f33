/// What the exit code says.
enum ExitStatus: Int32, CaseIterable {
    case done = 0
    case failed = 1
    case usage = 2
    case unreachable = 3

    var meaning: String {
        switch self {
        case .done: "done"
        case .failed: "refused by the daemon, no answer in time, or the audit found something"
        case .usage: "the command line is wrong"
        case .unreachable: "cannot connect to the daemon"
        }
    }
}
