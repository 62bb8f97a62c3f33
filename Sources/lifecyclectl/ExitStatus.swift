/// The exit codes of lifecyclectl.
enum ExitStatus: Int32, CaseIterable {
    case done = 0
    case failed = 1
    case usage = 2
    case unreachable = 3
    case projectFailed = 4

    var meaning: String {
        switch self {
        case .done: "success"
        case .failed: "the daemon refused, the time ran out, or audit or doctor found a problem"
        case .usage: "the command line is wrong"
        case .unreachable: "cannot connect to the daemon"
        case .projectFailed: "wait: the project has failed"
        }
    }
}
