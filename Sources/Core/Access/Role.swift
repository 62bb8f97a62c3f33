/// What a caller may do. Each is a Unix group.
package enum Role: String, Sendable, CaseIterable {
    /// May connect and read.
    case reader
    /// A pipeline that reports.
    case agent
    /// The web app: starts projects.
    case app
    /// May do everything, and alone may give credits.
    case admin
}

extension [Role] {
    /// Whoever has any role at all.
    package static let any: [Role] = Role.allCases
}

/// Deny by default: a method names the roles that may call it, and `admin` may call all.
package enum Policy {
    package static func allows(_ caller: Caller, _ roles: [Role]) -> Bool {
        caller.roles.contains(.admin) || roles.contains(where: caller.roles.contains)
    }
}
