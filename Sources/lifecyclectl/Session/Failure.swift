internal import Glibc
internal import LifecycleClient
internal import LifecycleCore

/// How a user can repeat a request whose outcome is unknown.
enum Repetition {
    case read
    /// A write with this idempotency key. It can be repeated.
    case key(String)
    /// A write that asks for a state. It can be repeated.
    case harmless
    case unknownMethod

    init(of request: some Method) {
        if let key = (request as? any KeyedMethod)?.idempotencyKey {
            self = .key(key)
        } else {
            self = request is any WriteMethod ? .harmless : .read
        }
    }

    /// The command line of this process, with the key added.
    private static func command(with key: String) -> String {
        var words = Array(CommandLine.arguments.dropFirst())
        if !words.contains(where: { $0 == "--key" || $0.hasPrefix("--key=") }) {
            words.insert(contentsOf: ["--key", key], at: words.firstIndex(of: "--") ?? words.endIndex)
        }
        return (["lifecyclectl"] + words).map { SafeText.line(SafeText.shellWord($0)) }.joined(separator: " ")
    }

    /// What to tell the user if the outcome is unknown.
    var advice: [String] {
        switch self {
        case .read: []
        case .key(let key):
            [
                "The daemon may have done it, or may still do it. Repeat the command with this key: it then takes "
                    + "effect only once.", "    " + Self.command(with: key),
            ]
        case .harmless: ["The daemon may have done it, or may still do it. It is safe to repeat the command."]
        case .unknownMethod: ["If the method writes, the daemon may have done it, or may still do it."]
        }
    }
}

/// Why a command failed, in words for the user.
struct Failure: Error {
    let sentence: String
    let advice: [String]
    let status: ExitStatus

    init(_ sentence: String) {
        self.sentence = sentence
        advice = []
        status = .failed
    }

    /// The same failure with further lines.
    func about(_ facts: String...) -> Failure {
        Failure(sentence, advice + facts, status)
    }

    private init(_ sentence: String, _ advice: [String], _ status: ExitStatus) {
        self.sentence = sentence
        self.advice = advice
        self.status = status
    }

    /// From the error of a call.
    init(_ error: ClientError, socketPath: String, _ repetition: Repetition) {
        let isLost = error.outcome == .unknown
        var sentence = error.message
        if let kind = error.kind { sentence += " (\(kind.name))" }
        if isLost, error.code == .unreachable {
            sentence = "The connection was lost before the reply came. " + sentence
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
