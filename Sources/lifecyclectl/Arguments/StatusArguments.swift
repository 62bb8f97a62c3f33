internal import ArgumentParser
internal import LifecycleCore

/// One status (`failed`) or several (`pending,processing`).
struct StatusList: ExpressibleByArgument {
    let statuses: [Status]

    init?(argument: String) {
        var statuses: [Status] = []
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let status = Status(rawValue: String(word)) else { return nil }
            statuses.append(status)
        }
        self.statuses = statuses
    }

    static var allValueStrings: [String] { Status.allCases.map(\.rawValue) }
    static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}

/// A status that a report can set.
struct Report: ExpressibleByArgument {
    let status: Status

    init?(argument: String) {
        guard let status = Status(rawValue: argument), Status.reportable.contains(status) else { return nil }
        self.status = status
    }

    static var allValueStrings: [String] { Status.reportable.map(\.rawValue) }
    static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }
}
