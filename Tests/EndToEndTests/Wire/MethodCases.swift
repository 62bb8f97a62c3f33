import Foundation
import Testing

/// The contract's table of methods: parameters in their frozen order, required ones marked, and who may call.
struct MethodCase: Sendable, CustomTestStringConvertible {
    let name: String
    /// In the order of positions.
    let parameters: [String]
    let required: Set<String>
    /// Other than admin, who may call everything.
    let roles: Set<String>
    var testDescription: String { name }

    init(_ name: String, _ parameters: String, by roles: String) {
        self.name = name
        let words = parameters.split(separator: " ")
        self.parameters = words.map { $0.replacingOccurrences(of: "*", with: "") }
        required = Set(words.filter { $0.hasSuffix("*") }.map { String($0.dropLast()) })
        self.roles = roles == "any" ? ["reader", "agent", "app"] : Set(roles.split(separator: " ").map(String.init))
    }

    static let all = [
        MethodCase(
            "createProject", "userId* credits* idempotencyKey externalId name metadata startTimeout lease maxRuntime",
            by: "app"),
        MethodCase("updateStatus", "status* projectId externalId errorMessage errorCode", by: "agent app"),
        MethodCase("getStatus", "projectId externalId", by: "any"),
        MethodCase(
            "listProjects", "userId status createdAfter createdBefore limit cursor includeStats dueBefore", by: "any"),
        MethodCase("heartbeat", "projectId externalId progress message attach pause", by: "agent"),
        MethodCase("cancelProject", "projectId*", by: "app"),
        MethodCase("retryProject", "projectId* idempotencyKey", by: "app"),
        MethodCase("explainProject", "projectId externalId", by: "any"),
        MethodCase("watch", "fromSeq userId projectId", by: "any"),
        MethodCase("getBalance", "userId*", by: "any"),
        MethodCase("listEntries", "userId* limit cursor", by: "any"),
        MethodCase("grantCredits", "userId* credits* reason* idempotencyKey", by: ""),
        MethodCase("adjustCredits", "userId* credits* reason* idempotencyKey", by: ""),
        MethodCase("audit", "", by: ""),
        MethodCase("backup", "path*", by: ""),
        MethodCase("getMetrics", "", by: "any"),
        MethodCase("rpc.discover", "", by: "any"),
    ]
}
