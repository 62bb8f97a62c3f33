/// What a caller may do. Each role is a Unix group.
package enum Role: String, Sendable, CaseIterable {
    /// Connects and reads.
    case reader
    /// A pipeline: reports.
    case agent
    /// The web app: creates projects.
    case app
    /// May do everything. Only an admin may give credits.
    case admin
}

extension [Role] {
    /// Every caller that has a role.
    package static let any: [Role] = Role.allCases
}

/// Denies by default: a method lists the roles that may call it, and `admin` may call every method.
package enum Policy {
    package static func allows(_ caller: Caller, _ roles: [Role]) -> Bool {
        caller.roles.contains(.admin) || roles.contains(where: caller.roles.contains)
    }
}
