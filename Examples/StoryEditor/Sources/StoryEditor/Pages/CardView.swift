internal import LifecycleClient

/// A project on its user's page. The names are those of `card.mustache`.
struct CardView {
    let elementId: String
    let projectId: String
    let title: String
    let tone: String
    let statusWord: String
    /// Of one that has not failed.
    let costWord: String
    let created: Moment
    let isRunning: Bool
    /// 0 to 100; the bar has no end while it is nil.
    let percent: Int?
    let step: String
    let isFailed: Bool
    let reason: String?
    let returned: String
    let canCancel: Bool
    let isCancelling: Bool
    let canRetry: Bool
    let isRetry: Bool
    let csrf: String

    /// - Parameter retried: those that were tried again already, as far as is known.
    init(_ project: Project, csrf: String, retried: Set<ProjectID> = []) {
        self.csrf = csrf
        elementId = Self.elementId(project.projectId)
        projectId = project.projectId.description
        title = project.name.flatMap { $0.isEmpty ? nil : $0 } ?? "Untitled video"
        // A user who cancelled is not told of a failure.
        let isCancelled =
            project.status == .failed && (project.errorCode == "cancelled" || project.cancelRequested)
        tone = isCancelled ? "cancelled" : project.status.rawValue
        isCancelling = project.cancelRequested && !project.status.isTerminal
        statusWord = isCancelling ? "Cancelling" : isCancelled ? "Cancelled" : Words.status(project.status)
        let credits = Words.credits(project.creditsUsed)
        costWord = project.status.isTerminal ? "\(credits) spent" : "\(credits) held"
        created = Moment(project.createdAt)
        isRunning = !project.status.isTerminal
        percent = project.progress.map { Int(($0 * 100).rounded(.down)) }
        step = project.message ?? (project.status == .pending ? "Handing it to the video service" : "Working on it")
        isFailed = project.status == .failed
        reason = isFailed && !isCancelled ? Words.reason(project) : nil
        returned =
            project.creditsRefunded > 0 ? "\(Words.credits(project.creditsRefunded)) returned" : "Nothing was charged"
        canCancel = isRunning && !project.cancelRequested
        canRetry = isFailed && !retried.contains(project.projectId) && project.metadata != nil
        isRetry = project.retryOf != nil
    }

    static func elementId(_ projectId: ProjectID) -> String { "p-\(projectId)" }

    /// What a screen reader says when it has changed.
    func announcement(_ kind: Event.Kind?) -> String? {
        switch kind {
        case .created: "\(title): ordered."
        case .processing: "\(title): in progress."
        case .completed: "\(title): completed."
        case .failed: "\(title): \(statusWord.lowercased()). \(returned)."
        case .cancelRequested: "\(title): cancelling."
        default: nil
        }
    }
}
