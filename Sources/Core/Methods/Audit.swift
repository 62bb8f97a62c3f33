/// Checks every invariant of the ledger over all rows.
public struct Audit: Sendable {
    public init() {}

    public struct Response: Sendable {
        public var ok: Bool
        /// The number of accounts, projects and entries.
        public var checked: Int64
        /// Empty if `ok`.
        public var findings: [Finding]
    }

    public struct Finding: Sendable {
        public var check: String
        public var subject: String
        public var detail: String
    }
}

extension Audit: ReadMethod {
    package static let name = "audit"
    package static let summary = "Check every invariant of the ledger over all rows."
    package static let roles: [Role] = [.admin]
    package static let cost = ReadCost.whole
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {}

    package func run(in transaction: ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let report = try transaction.audit()
        return Response(
            ok: report.findings.isEmpty, checked: report.checked,
            findings: report.findings.map { Finding(check: $0.check, subject: $0.subject, detail: $0.detail) })
    }
}

extension Audit.Response: Message {
    package static let title: String? = "AuditResult"
    package static let note = "Whether every invariant holds, and which do not."
    package static var blank: Self { Self(ok: true, checked: 0, findings: []) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("ok", &ok, "Whether every invariant holds.")
        try fields.required("checked", &checked, .count, "The number of accounts, projects and entries.")
        try fields.required("findings", &findings, "The violations, empty if ok.")
    }
}

extension Audit.Finding: Message {
    package static let title: String? = "AuditFinding"
    package static let note = "A violation of an invariant."
    package static var blank: Self { Self(check: "", subject: "", detail: "") }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("check", &check, "The name of the invariant.")
        try fields.required("subject", &subject, "The account, project or entry.")
        try fields.required("detail", &detail, "How the invariant is violated.")
    }
}
