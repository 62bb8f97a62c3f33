internal import LifecycleCore

/// One step of a random sequence.
enum ModelOperation: Sendable {
    case create(CreateProject)
    case update(UpdateStatus)
    case beat(Heartbeat)
    case cancel(CancelProject)
    case retry(RetryProject)
    case grant(GrantCredits)
    case adjust(AdjustCredits)
    case getStatus(GetStatus)
    case getBalance(GetBalance)
    case listProjects(ListProjects)
    case listEntries(ListEntries)
    case explain(ExplainProject)

    var call: Call {
        switch self {
        case .create(let method): Call(method)
        case .update(let method): Call(method)
        case .beat(let method): Call(method)
        case .cancel(let method): Call(method)
        case .retry(let method): Call(method)
        case .grant(let method): Call(method)
        case .adjust(let method): Call(method)
        case .getStatus(let method): Call(method)
        case .getBalance(let method): Call(method)
        case .listProjects(let method): Call(method)
        case .listEntries(let method): Call(method)
        case .explain(let method): Call(method)
        }
    }
}
