/// A method about one project, which its caller names by either of its ids.
package protocol ProjectMethod: Method {
    var projectId: ProjectID? { get set }
    var externalId: String? { get set }
}

extension ProjectMethod {
    package static var needsOneOf: [String] { ["projectId", "externalId"] }

    /// By `projectId` when both are given.
    package var reference: ProjectReference {
        get throws(RPCError) { try ProjectReference(projectId: projectId, externalId: externalId) }
    }

    package mutating func validate() throws(RPCError) { _ = try reference }

    mutating func visitReference(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.optional("projectId", &projectId, "The project; or name it by externalId.")
        try fields.optional("externalId", &externalId, .externalID, "The upstream's id.")
    }
}
