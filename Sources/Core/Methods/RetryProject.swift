/// Repeats a failed project: creates a new project with the same price, name, metadata and times, charges it again, and
/// sets its `retryOf`. The failed project does not change.
///
/// Errors: `projectNotFound`, `invalidTransition` (it has not failed, or retention has removed its name and metadata),
/// `insufficientCredits`, `amountOutOfRange`, `idempotencyConflict`.
public struct RetryProject: Sendable {
    public var projectId: ProjectID
    public var idempotencyKey: String?

    public init(projectId: ProjectID, idempotencyKey: String? = nil) {
        self.projectId = projectId
        self.idempotencyKey = idempotencyKey
    }

    public typealias Response = CreateProject.Response
}

extension RetryProject: KeyedMethod {
    package static let name = "retryProject"
    package static let summary = "Repeat a failed project, as a new project that is charged again."
    package static let roles: [Role] = [.app]
    package static let errors: [ErrorKind] = [
        .projectNotFound, .invalidTransition, .insufficientCredits, .amountOutOfRange, .idempotencyConflict,
    ]
    package static var blank: Self { Self(projectId: .blank) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("projectId", &projectId, "The failed project.")
        try fields.optional("idempotencyKey", &idempotencyKey, .key, "Requests with the same key charge only once.")
    }

    package var subject: CallSubject { CallSubject(project: .projectID(projectId)) }

    package func run(in transaction: WriteTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let old = try transaction.existingProject(.projectID(projectId))
        let userId = old.project.userId
        if let idempotencyKey, let earlier = try transaction.request(of: userId, key: idempotencyKey) {
            return try replay(earlier, in: transaction)
        }
        guard old.project.status == .failed else {
            throw .notFailed(old.project.status)
        }
        guard old.trimmedAt == nil else { throw .trimmed(old.project.status) }
        return try Charge(
            userId: userId, credits: old.project.creditsUsed, idempotencyKey: idempotencyKey, name: old.project.name,
            metadata: old.project.metadata, terms: old.terms, retryOf: projectId
        ).run(in: transaction, context)
    }

    private func replay(_ earlier: EarlierRequest, in transaction: WriteTransaction) throws(RPCError) -> Response {
        guard case .project(let stored) = earlier, let retryOf = stored.project.retryOf else {
            throw .idempotencyConflict("The key was used for another method", differs: ["method"])
        }
        guard retryOf == projectId else {
            throw .idempotencyConflict("The key was used for another project", differs: ["projectId"])
        }
        return Response(
            project: stored.project, balance: try transaction.balance(of: stored.project.userId), replayed: true)
    }
}
