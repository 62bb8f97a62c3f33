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

    package static func cannotPause(_ status: Status) -> Self {
        Self(
            .invalidTransition, "Only a project that is processing can be paused, and this one is \(status.rawValue).",
            hint: "Report processing first.", fields: invalidTransition(from: status, to: status).fields)
    }

    /// - Parameters:
    ///   - left: the seconds that the project may still be paused.
    ///   - limit: the most seconds of all its pauses together.
    package static func pauseExceeded(_ seconds: Int64, left: Int64, limit: Int64) -> Self {
        Self(
            .amountOutOfRange,
            "pause is \(seconds), and of the \(limit) seconds that a project may be paused \(max(0, left)) are left.",
            hint: "Let the pipeline continue, or fail the project. An admin can raise maxPause.",
            fields: ["param": .text("pause"), "minimum": .integer(1), "maximum": .integer(max(0, left))])
    }

    /// For `retryProject`.
    package static func notFailed(_ status: Status) -> Self {
        Self(
            .invalidTransition, "Only a failed project can be repeated, and this one is \(status.rawValue).",
            hint: "Check the project's status first. cancelProject cancels a project.",
            fields: invalidTransition(from: status, to: .pending).fields)
    }

    /// For `retryProject`: nobody must be charged for a project without its content.
    package static func trimmed(_ status: Status) -> Self {
        Self(
            .invalidTransition, "Retention has removed the project's name and metadata, so it cannot be repeated.",
            hint: "Create a new project with createProject.",
            fields: invalidTransition(from: status, to: .pending).fields)
    }

    /// `keepsWrites`, because the refused report was written to the history.
    package static func terminalState(_ project: Project) -> Self {
        Self(
            .terminalState, "The project is already \(project.status.rawValue), and the first verdict is final.",
            hint: "No action needed: the report is in the history and moved no credits.",
            fields: [
                "status": .text(project.status.rawValue),
                "finishedAt": .text((project.finishedAt ?? project.updatedAt).description),
                "creditsRefunded": .integer(project.creditsRefunded),
            ],
            keepsWrites: true)
    }

    /// For `cancelProject`, which writes nothing in this case.
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

/// The errors of the storage.
extension RPCError {
    package static let storageFull = Self(
        .storageFull, "The disk is full. Nothing was changed.",
        hint: "Free space on the database's file system. The same request then works.")

    package static func storageUnavailable(_ reason: String) -> Self {
        Self(
            .storageUnavailable, "The database cannot be used now: \(reason). Nothing was changed.",
            hint: "See the daemon's log, and repeat the request later.")
    }

    /// - Parameter reason: the end of the sentence "No backup was made: …".
    package static func backupFailed(_ reason: String) -> Self {
        Self(
            .backupFailed, "No backup was made: \(reason).",
            hint: "Remove the cause and repeat the request. The ledger is not affected.",
            fields: ["reason": .text(reason)])
    }

    package static let outcomeUnknown = Self(
        .outcomeUnknown, "The disk reported an error while the write was made durable.",
        hint: "Repeat the request with the same idempotencyKey: it takes effect only once.")
}
