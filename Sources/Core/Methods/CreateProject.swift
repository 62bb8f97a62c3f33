/// Creates a paid project: checks the balance, charges the user and inserts the project, in one transaction.
///
/// Errors: `insufficientCredits`, `amountOutOfRange`, `idempotencyConflict`. A request that is refused leaves nothing
/// behind, so the same key works after a top-up.
public struct CreateProject: Sendable {
    public var userId: String
    public var credits: Int64
    public var idempotencyKey: String?
    public var externalId: String?
    public var name: String?
    public var metadata: Metadata?
    /// Seconds.
    public var startTimeout: Int64?
    /// Seconds.
    public var lease: Int64?
    /// Seconds.
    public var maxRuntime: Int64?

    public init(userId: String, credits: Int64, idempotencyKey: String? = nil) {
        self.userId = userId
        self.credits = credits
        self.idempotencyKey = idempotencyKey
    }

    public struct Response: Sendable {
        public var project: Project
        public var balance: Balance
        /// The key was used before, and this is the project that was created then, in its present state.
        public var replayed: Bool
    }
}

extension CreateProject: KeyedMethod {
    package static let name = "createProject"
    package static let summary = "Create a paid project and charge its user."
    package static let roles: [Role] = [.app]
    package static let errors: [ErrorKind] = [.insufficientCredits, .amountOutOfRange, .idempotencyConflict]
    package static var blank: Self { Self(userId: "", credits: 0) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("userId", &userId, .userID, "The user who pays.")
        try fields.required("credits", &credits, .projectCredits, "The price in credits.")
        try fields.optional("idempotencyKey", &idempotencyKey, .key, "Requests with the same key charge only once.")
        try fields.optional("externalId", &externalId, .externalID, "The upstream's id, unique over all projects.")
        try fields.optional("name", &name, .line(0...255), "A name for people to read.")
        try fields.optional(
            "metadata", &metadata,
            "An object that the daemon keeps and returns. At most 16384 bytes without white space.")
        try fields.optional(
            "startTimeout", &startTimeout, .startTimeout, "The longest time until the first report, in seconds.")
        try fields.optional("lease", &lease, .lease, "The longest time between two reports, in seconds.")
        try fields.optional(
            "maxRuntime", &maxRuntime, .maximumRuntime, "The longest time from the creation to the verdict, in seconds."
        )
    }

    package var subject: CallSubject { CallSubject(userId: userId, credits: credits) }

    package func run(in transaction: WriteTransaction, _ context: CallContext) throws(RPCError) -> Response {
        if let idempotencyKey, let earlier = try transaction.request(of: userId, key: idempotencyKey) {
            return try replay(earlier, in: transaction)
        }
        try checkTerms(context.limits)
        return try Charge(
            userId: userId, credits: credits, idempotencyKey: idempotencyKey, externalId: externalId, name: name,
            metadata: metadata, terms: terms
        ).run(in: transaction, context)
    }

    private var terms: Terms { Terms(startTimeout: startTimeout, lease: lease, maximumRuntime: maxRuntime) }

    private func checkTerms(_ limits: Limits) throws(RPCError) {
        for (name, seconds, longest) in [
            ("startTimeout", startTimeout, limits.longestStartTimeout), ("lease", lease, limits.longestLease),
            ("maxRuntime", maxRuntime, limits.longestRuntime),
        ] {
            guard let seconds, !(1...longest).contains(seconds) else { continue }
            throw .invalidParams(name, "must be from 1 to \(longest) seconds")
        }
    }

    private func replay(_ earlier: EarlierRequest, in transaction: WriteTransaction) throws(RPCError) -> Response {
        guard case .project(let stored) = earlier, stored.project.retryOf == nil else {
            throw .idempotencyConflict("The key was used for another method", differs: ["method"])
        }
        let project = stored.project
        let isTrimmed = stored.trimmedAt != nil
        let originalExternalID = stored.hadExternalID ? project.externalId : nil
        let same: [(String, Bool)] = [
            ("credits", project.creditsUsed == credits),
            ("externalId", originalExternalID.hasSameBytes(as: externalId)),
            // Retention has removed both, so they cannot be compared.
            ("name", isTrimmed || project.name.hasSameBytes(as: name)),
            ("metadata", isTrimmed || project.metadata.hasSameValue(as: metadata)),
            ("startTimeout", stored.terms.startTimeout == startTimeout),
            ("lease", stored.terms.lease == lease),
            ("maxRuntime", stored.terms.maximumRuntime == maxRuntime),
        ]
        let differs = same.filter { !$0.1 }.map(\.0)
        guard differs.isEmpty else {
            throw .idempotencyConflict("The key was used for a request with other parameters", differs: differs)
        }
        return Response(project: project, balance: try transaction.balance(of: userId), replayed: true)
    }
}

extension CreateProject.Response: Message {
    package static let title: String? = "CreateProjectResult"
    package static let note = "The project that was created, and the user's credits after it."
    package static var blank: Self { Self(project: .blank, balance: .blank, replayed: false) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("project", &project, "The project in its present state.")
        try fields.required("balance", &balance, "The user's credits after the request.")
        try fields.required("replayed", &replayed, "Whether the key was used before. If so, nothing was charged now.")
    }
}
