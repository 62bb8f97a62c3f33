/// Does a failed project again: a new project of the same price, name, metadata and times, newly charged and linked by
/// `retryOf`. The old one stays as it is.
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
    package static let summary = "Do a failed project again, as a new one that is newly charged."
    package static let roles: [Role] = [.app]
    package static let errors: [ErrorKind] = [
        .projectNotFound, .invalidTransition, .insufficientCredits, .amountOutOfRange, .idempotencyConflict,
    ]
    package static var blank: Self { Self(projectId: .blank) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("projectId", &projectId, "The failed project.")
        try fields.optional(
            "idempotencyKey", &idempotencyKey, .key, "Repeats of a request with the same key charge once.")
    }

    package var subject: CallSubject { CallSubject(project: .projectID(projectId)) }

    package func run(in store: any WriteTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let old = try store.existingProject(.projectID(projectId))
        let userId = old.project.userId
        if let idempotencyKey, let earlier = try store.request(of: userId, key: idempotencyKey) {
            return try replay(earlier, in: store)
        }
        guard old.project.status == .failed else {
            throw .notFailed(old.project.status)
        }
        guard old.trimmedAt == nil else { throw .trimmed(old.project.status) }
        return try Charge(
            userId: userId, credits: old.project.creditsUsed, idempotencyKey: idempotencyKey, name: old.project.name,
            metadata: old.project.metadata, terms: old.terms, retryOf: projectId
        ).run(in: store, context)
    }

    private func replay(_ earlier: EarlierRequest, in store: any WriteTransaction) throws(RPCError) -> Response {
        guard case .project(let stored) = earlier, let retryOf = stored.project.retryOf else {
            throw .idempotencyConflict("The key was used for another method", differs: ["method"])
        }
        guard retryOf == projectId else {
            throw .idempotencyConflict("The key was used for another project", differs: ["projectId"])
        }
        return Response(
            project: stored.project, balance: try store.balance(of: stored.project.userId), replayed: true)
    }
}
