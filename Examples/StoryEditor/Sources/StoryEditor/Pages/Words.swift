internal import LifecycleClient

/// How things are said to people.
enum Words {
    static func credits(_ count: Int64) -> String { count == 1 ? "1 credit" : "\(number(count)) credits" }

    /// With thin spaces between groups of three: 12 345.
    static func number(_ number: Int64) -> String {
        var digits = String(number.magnitude)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        groups.insert(digits, at: 0)
        return (number < 0 ? "−" : "") + groups.joined(separator: "\u{202F}")
    }

    static func status(_ status: Status) -> String {
        switch status {
        case .pending: "Starting"
        case .processing: "In progress"
        case .completed: "Completed"
        case .failed: "Failed"
        }
    }

    /// Why a project failed. The daemon's own verdicts have stable words; of others we say what their reporter said.
    static func reason(_ project: Project) -> String {
        switch project.errorCode {
        case "startTimeout": "The job was not started in time."
        case "leaseExpired": "The pipeline stopped answering."
        case "runtimeExceeded": "It took longer than is allowed."
        case "crashed" where project.errorMessage == nil || project.errorMessage == "unspecified":
            "The pipeline ended unexpectedly."
        default:
            project.errorMessage.flatMap { $0 == "unspecified" ? nil : $0 } ?? "No reason was given."
        }
    }

    static func duration(_ seconds: Double) -> String {
        let seconds = Int64(seconds.rounded())
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    }

    static func percent(_ rate: Double) -> String { "\(Int((rate * 100).rounded()))\u{202F}%" }

    /// What an event is called in the operator's feed.
    static func event(_ kind: Event.Kind) -> String {
        switch kind {
        case .created: "created"
        case .processing: "started"
        case .completed: "completed"
        case .failed: "failed, refunded"
        case .externalIdRecorded: "id recorded"
        case .reportRefused: "late report refused"
        case .cancelRequested: "cancel requested"
        case .paused: "paused"
        case .resumed: "resumed"
        case .granted: "credits granted"
        case .adjusted: "credits adjusted"
        }
    }
}

/// A moment on a page: for machines, and for people until the browser says it in their own time zone.
struct Moment {
    let iso: String
    let text: String

    init(_ time: Timestamp) {
        iso = time.description
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = iso.split { "-T:.".contains($0) }
        let month = parts.count > 4 ? Int(parts[1]).flatMap { (1...12).contains($0) ? months[$0 - 1] : nil } : nil
        text = month.map { "\(Int(parts[2]) ?? 0) \($0), \(parts[3]):\(parts[4]) UTC" } ?? iso
    }
}
