internal import HTTPTypes
internal import Hummingbird
internal import LifecycleClient
internal import Logging

extension Problem {
    /// What any error of a request means to who sent it.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as ClientError: self.init(error)
        case let error as FailedStart:
            self.init(error.cause)
            projectId = error.projectId.description
        case let error as any HTTPResponseError:
            let code = error.status == .notFound ? "notFound" : "badRequest"
            self.init(error.status, code, "\(error.status.reasonPhrase).")
        default:
            self.init(.internalServerError, "internalError", "Something went wrong here.")
        }
    }

    /// What the daemon said, or why it said nothing.
    init(_ error: ClientError) {
        guard let refusal = error.refusal else {
            self = Self.unavailable
            if error.code == .badReply {
                self.init(.internalServerError, "internalError", "Something went wrong here.")
            }
            return
        }
        switch refusal.kind {
        case .insufficientCredits:
            self.init(.paymentRequired, "insufficientCredits", "You do not have enough credits.")
            available = refusal.integer("available")
            required = refusal.integer("required")
            if let available, let required {
                detail = "This costs \(Words.credits(required)), and you have \(available)."
            }
        case .projectNotFound: self = .notFound
        case .terminalState:
            self.init(.conflict, "terminalState", "The project has ended already, and its first verdict stays.")
        case .invalidTransition:
            self.init(.conflict, "invalidTransition", "The project is not in a state that allows this.")
        case .idempotencyConflict:
            self.init(
                .unprocessableContent, "idempotencyConflict", "This Idempotency-Key was used for another request.")
        case .invalidParams, .amountOutOfRange, .requestTooLarge:
            self.init(.unprocessableContent, refusal.kind.name, refusal.message)
        case let kind where kind.retryable: self = Self.unavailable
        default: self.init(.internalServerError, "internalError", "Something went wrong here.")
        }
    }

    init(_ error: UpstreamError) {
        let detail = "\(error.description) Your credits are back."
        switch error {
        case .timedOut: self.init(.gatewayTimeout, "upstreamTimeout", detail)
        case .refused, .unreachable, .badAnswer: self.init(.badGateway, "upstreamFailed", detail)
        }
    }

    static let notFound = Problem(.notFound, "projectNotFound", "There is no such project.")

    /// The daemon is being restarted, is too busy, or its disk is full. Nothing is lost by asking again with the same
    /// key.
    static var unavailable: Problem {
        var problem = Problem(
            .serviceUnavailable, "unavailable",
            "The ledger cannot be reached right now. Please try again in a moment; you are not charged twice.")
        problem.retryAfter = 2
        return problem
    }

    /// Says in the log what is our own fault.
    func log(_ cause: any Error, _ logger: Logger) {
        guard status.kind == .serverError else { return }
        // A client's error names no customer's data: `ClientError` never has parameters.
        logger.error("request failed", metadata: ["status": "\(status.code)", "cause": "\(cause)"])
    }

    static func unprocessable(_ detail: String) -> Problem { Problem(.unprocessableContent, "invalidRequest", detail) }
}
