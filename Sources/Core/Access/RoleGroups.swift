/// The Unix groups whose members have a role. Each is a name or a group id.
package struct RoleGroups: Sendable, Equatable {
    package var reader = "lifecycle"
    package var agent = "lifecycle-agent"
    package var app = "lifecycle-app"
    package var admin = "lifecycle-admin"

    package init() {}

    package subscript(_ role: Role) -> String {
        switch role {
        case .reader: reader
        case .agent: agent
        case .app: app
        case .admin: admin
        }
    }
}
