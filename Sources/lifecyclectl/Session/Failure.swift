internal import Glibc
internal import LifecycleClient
internal import LifecycleCore

/// How a request can be done again when nobody knows whether it was done.
enum Repetition {
    case read
    /// A write that takes effect once for this key.
    case key(String)
    /// A write that only ever reaches one state.
    case harmless
    case unknownMethod

    init(of request: some Method) {
        if let key = (request as? any KeyedMethod)?.idempotencyKey {
            self = .key(key)
        } else {
            self = request is any WriteMethod ? .harmless : .read
        }
    }

    /// The command that runs now, with its key.
    private static func command(with key: String) -> String {
        var words = Array(CommandLine.arguments.dropFirst())
        if !words.contains(where: { $0 == "--key" || $0.hasPrefix("--key=") }) {
            words.insert(contentsOf: ["--key", key], at: words.firstIndex(of: "--") ?? words.endIndex)
        }
        return (["lifecyclectl"] + words).map { SafeText.line(SafeText.shellWord($0)) }.joined(separator: " ")
    }

    /// What to say when the outcome is unknown.
    var advice: [String] {
        switch self {
        case .read: []
        case .key(let key):
            [
                "It may have been done, or may yet be. Repeat the command with this key: it is then done once, "
                    + "whatever happened.", "    " + Self.command(with: key),
            ]
        case .harmless: ["It may have been done, or may yet be. Repeat the command: the first verdict stays."]
        case .unknownMethod: ["If the method writes, it may have been done, or may yet be."]
        }
    }
}

/// Why a command did not do what it is for, as it is told to the user.
struct Failure: Error {
    let sentence: String
    let advice: [String]
    let status: ExitStatus

    init(_ sentence: String) {
        self.sentence = sentence
        advice = []
        status = .failed
    }

    /// The same, with what else is known of it.
    func about(_ facts: String...) -> Failure {
        Failure(sentence, advice + facts, status)
    }

    private init(_ sentence: String, _ advice: [String], _ status: ExitStatus) {
        self.sentence = sentence
        self.advice = advice
        self.status = status
    }

    /// A call that gave no result.
    init(_ error: ClientError, socketPath: String, _ repetition: Repetition) {
        let isLost = error.outcome == .unknown
        var sentence = error.message
        if let kind = error.kind { sentence += " (\(kind.name))" }
        if isLost, error.code == .unreachable {
            sentence = "The connection was lost before the answer came. " + sentence
        }
        self.sentence = sentence
        status = error.code == .unreachable && !isLost ? .unreachable : .failed

        if isLost {
            advice = repetition.advice.isEmpty ? [error.hint] : repetition.advice
        } else if [EACCES, EPERM].contains(error.systemError) {
            advice = PermissionAdvice.socket(socketPath)
        } else if error.kind == .permissionDenied {
            advice = PermissionAdvice.role(error.refusal?.text("role") ?? "")
        } else {
            advice = [error.hint]
        }
    }
}
