/// The errors of the lifecycle and the ledger.
extension RPCError {
    package static func projectNotFound(_ reference: ProjectReference) -> Self {
        Self(
            .projectNotFound, "There is no project with \(reference.description).",
            hint: "Check the id; listProjects shows a user's projects.")
    }

    package static func insufficientCredits(available: Int64, required: Int64) -> Self {
        Self(
            .insufficientCredits, "The user has \(available) credits and needs \(required).",
            hint: "An admin adds credits with grantCredits; nothing was charged, so the same key may be used again.",
            fields: ["available": .integer(available), "required": .integer(required)])
    }

    package static func invalidTransition(from: Status, to: Status) -> Self {
        let allowed = Status.reportable.filter { Lifecycle.decide(from: from, report: $0).isAccepted }
        return Self(
            .invalidTransition, "A project cannot be moved from \(from.rawValue) to \(to.rawValue).",
            hint: "Report processing, completed or failed.",
            fields: [
                "from": .text(from.rawValue), "to": .text(to.rawValue), "allowed": .list(allowed.map(\.rawValue)),
            ])
    }

    /// Only what failed is done again.
    package static func notFailed(_ status: Status) -> Self {
        Self(
            .invalidTransition, "Only a failed project can be done again, and this one is \(status.rawValue).",
            hint: "Look at its status first; cancelProject ends one that is not wanted any more.",
            fields: invalidTransition(from: status, to: .pending).fields)
    }

    /// Nobody is charged for work of which nothing is known any more.
    package static func trimmed(_ status: Status) -> Self {
        Self(
            .invalidTransition, "The project's name and metadata were removed by retention: it cannot be done again.",
            hint: "Ask for it anew with createProject, which says what is to be done.",
            fields: invalidTransition(from: status, to: .pending).fields)
    }

    /// The first verdict stays. The refused report was written to the history, hence `keepsWrites`.
    package static func terminalState(_ project: Project) -> Self {
        Self(
            .terminalState, "The project is \(project.status.rawValue) already, and the first verdict stays.",
            hint: "Nothing is to be done: the report is in the history and moved no credits.",
            fields: [
                "status": .text(project.status.rawValue),
                "finishedAt": .text((project.finishedAt ?? project.updatedAt).description),
                "creditsRefunded": .integer(project.creditsRefunded),
            ],
            keepsWrites: true)
    }

    /// Nothing is left to be cancelled.
    package static func alreadyCompleted(_ project: Project) -> Self {
        var error = terminalState(project)
        error.keepsWrites = false
        return error
    }

    package static func idempotencyConflict(_ what: String, differs: [String]) -> Self {
        Self(
            .idempotencyConflict, "\(what); different: \(differs.joined(separator: ", ")).",
            hint: "Use a new idempotencyKey (or externalId) for a new request, and the same parameters to repeat one.",
            fields: ["differs": .list(differs)])
    }

    package static func amountOutOfRange(_ param: String, _ amount: Int64, allowed: ClosedRange<Int64>) -> Self {
        Self(
            .amountOutOfRange,
            "\(param) is \(amount) and must be from \(allowed.lowerBound) to \(allowed.upperBound).",
            hint: "rpc.discover shows the limits; an admin can raise the one for projects.",
            fields: [
                "param": .text(param), "minimum": .integer(allowed.lowerBound), "maximum": .integer(allowed.upperBound),
            ])
    }
}

/// What storage makes of a request.
extension RPCError {
    package static let storageFull = Self(
        .storageFull, "The disk is full; nothing was changed.",
        hint: "Free space on the database's file system; the same request then works.")

    package static func storageUnavailable(_ reason: String) -> Self {
        Self(
            .storageUnavailable, "The database cannot be used now: \(reason). Nothing was changed.",
            hint: "See the daemon's log; repeat the request later.")
    }

    /// - Parameter reason: completes the sentence "No backup was made: …".
    package static func backupFailed(_ reason: String) -> Self {
        Self(
            .backupFailed, "No backup was made: \(reason).",
            hint: "Remove the cause and ask again; the ledger itself goes on as before.",
            fields: ["reason": .text(reason)])
    }

    package static let outcomeUnknown = Self(
        .outcomeUnknown, "The disk reported an error while the write was made durable.",
        hint: "Repeat the request with the same idempotencyKey: it is applied once, whatever happened.")
}
