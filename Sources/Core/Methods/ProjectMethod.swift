/// A method for one project. The caller names the project by its id or by the upstream's id.
package protocol ProjectMethod: Method {
    var projectId: ProjectID? { get set }
    var externalId: String? { get set }
}

extension ProjectMethod {
    package static var needsOneOf: [String] { ["projectId", "externalId"] }

    /// Uses `projectId` if both are given.
    package var reference: ProjectReference {
        get throws(RPCError) { try ProjectReference(projectId: projectId, externalId: externalId) }
    }

    package mutating func validate() throws(RPCError) { _ = try reference }

    mutating func visitReference(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.optional("projectId", &projectId, "The project's id.")
        try fields.optional("externalId", &externalId, .externalID, "The upstream's id of the project.")
    }
}
