/// Rules of fields that several methods share.
extension FieldRule {
    package static let userID = line(1...128)
    package static let externalID = line(1...255)
    package static let key = line(1...255)
    package static let errorCode = word(1...64)
    package static let reason = text(1...1024)
    package static let pageLimit = range(1...500)

    // Only for the document: fields of results, and parameters that the method itself checks.
    package static let amount = described(0...Limits.largestInteger)
    package static let change = described(-Limits.largestInteger...Limits.largestInteger)
    /// A sum over many users or projects.
    package static let sum = described(0...Int64.max)
    package static let count = described(0...Limits.largestInteger)
    package static let number = described(1...Limits.largestInteger)
    package static let part = described(0...1)
    package static let unixID = described(0...4_294_967_295)
    package static let projectCredits = from(0, upTo: { $0.maximumProjectCredits })
    package static let startTimeout = from(1, upTo: { $0.longestStartTimeout })
    package static let lease = from(1, upTo: { $0.longestLease })
    package static let maximumRuntime = from(1, upTo: { $0.longestRuntime })
    package static let pause = from(1, upTo: { $0.maximumPause })
    package static let report = words(Status.reportable.map(\.rawValue))
}

/// The number of rows in a page if the request does not set it.
package let defaultPageLimit: Int64 = 50

extension ReadTransaction {
    /// An unknown user has zero credits.
    package func balance(of userId: String) throws(RPCError) -> Balance {
        try account(of: userId)?.balance ?? Balance(userId: userId, available: 0, held: 0)
    }

    package func existingProject(_ reference: ProjectReference) throws(RPCError) -> StoredProject {
        guard let project = try project(reference) else { throw .projectNotFound(reference) }
        return project
    }

    /// Throws if another project has this external id: they are unique over all projects.
    package func requireUnused(_ externalId: String?) throws(RPCError) {
        guard let externalId, let holder = try project(.externalID(externalId)) else { return }
        throw .idempotencyConflict(
            "The externalId belongs to project \(holder.project.projectId)", differs: ["externalId"])
    }
}
