/// Creates a project and charges its user. `createProject` and `retryProject` share this rule.
struct Charge {
    var userId: String
    var credits: Int64
    var idempotencyKey: String?
    var externalId: String?
    var name: String?
    var metadata: Metadata?
    var terms: Terms
    var retryOf: ProjectID?

    /// Errors, in this order: `amountOutOfRange`, `idempotencyConflict` (another project has the externalId),
    /// `insufficientCredits`.
    func run(in transaction: WriteTransaction, _ context: CallContext) throws(RPCError) -> CreateProject.Response {
        let limits = context.limits
        let allowed = 0...limits.maximumProjectCredits
        guard allowed.contains(credits) else { throw .amountOutOfRange("credits", credits, allowed: allowed) }
        try transaction.requireUnused(externalId)
        let known = try transaction.account(of: userId)
        let available = known?.balance.available ?? 0
        guard available >= credits else { throw .insufficientCredits(available: available, required: credits) }

        let account = if let known { known } else { try transaction.openAccount(of: userId) }
        let created = try transaction.create(
            NewProject(
                projectId: transaction.makeProjectID(at: context.now), account: account, credits: credits,
                idempotencyKey: idempotencyKey, externalId: externalId, name: name, metadata: metadata, terms: terms,
                deadline: terms.deadline(.pending, createdAt: context.now, lastReport: context.now, limits: limits),
                retryOf: retryOf),
            at: context.now)
        try transaction.record(NewEvent(.created, of: created), by: context.caller, at: context.now)
        let before = account.balance
        return CreateProject.Response(
            project: created.project,
            balance: Balance(userId: userId, available: before.available - credits, held: before.held + credits),
            replayed: false)
    }
}
