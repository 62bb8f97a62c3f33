/// What the exit code says.
enum ExitStatus: Int32, CaseIterable {
    case done = 0
    case failed = 1
    case usage = 2
    case unreachable = 3
    case projectFailed = 4

    var meaning: String {
        switch self {
        case .done: "done"
        case .failed: "refused by the daemon, no answer or no end in time, or audit or doctor found something"
        case .usage: "the command line is wrong"
        case .unreachable: "cannot connect to the daemon"
        case .projectFailed: "the project that was waited for has failed"
        }
    }
}
