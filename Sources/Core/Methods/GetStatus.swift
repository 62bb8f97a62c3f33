/// A project in its present state. Errors: `projectNotFound`.
public struct GetStatus: Sendable {
    public var projectId: ProjectID?
    public var externalId: String?

    public init(projectId: ProjectID? = nil, externalId: String? = nil) {
        self.projectId = projectId
        self.externalId = externalId
    }

    public struct Response: Sendable {
        public var project: Project
    }
}

extension GetStatus: ReadMethod, ProjectMethod {
    package static let name = "getStatus"
    package static let summary = "Get a project."
    package static let roles = [Role].any
    package static let errors: [ErrorKind] = [.projectNotFound]
    package static let cost = ReadCost.point
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try visitReference(&fields)
    }

    package func run(in transaction: ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        Response(project: try transaction.existingProject(reference).project)
    }
}

extension GetStatus.Response: Message {
    package static let title: String? = "GetStatusResult"
    package static let note = "The project in its present state."
    package static var blank: Self { Self(project: .blank) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("project", &project, "The project.")
    }
}
