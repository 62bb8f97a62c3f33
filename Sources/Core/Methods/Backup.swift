/// Copies the whole ledger, as it is at one moment, into a new file in the daemon's backup folder, and checks the copy.
public struct Backup: Sendable {
    /// A file name, or an absolute path in the backup folder. The file must not exist yet.
    public var path: String

    public init(path: String) { self.path = path }

    public struct Response: Sendable {
        /// Absolute.
        public var path: String
        public var bytes: Int64
        public var projects: Int64
        /// The number of its newest event. 0 if there is none.
        public var lastSeq: Int64
    }
}

extension Backup: ReadMethod {
    package static let name = "backup"
    package static let summary = "Copy the whole ledger into a new file in the backup folder, and check the copy."
    package static let roles: [Role] = [.admin]
    package static let errors: [ErrorKind] = [.backupFailed]
    package static let cost = ReadCost.whole
    package static let hasEffect = true
    package static var blank: Self { Self(path: "") }
    /// A repeat would fail, because the file of the first request exists already.
    package var isRepeatable: Bool { false }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required(
            "path", &path, .line(1...4096), "The new file's name, or its absolute path in the backup folder.")
    }

    package func run(in transaction: ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let report = try transaction.backUp(to: path)
        return Response(
            path: report.path, bytes: report.bytes, projects: report.projects, lastSeq: report.lastSeq)
    }
}

extension Backup.Response: Message {
    package static let title: String? = "BackupResult"
    package static let note = "The file of the backup."
    package static var blank: Self { Self(path: "", bytes: 0, projects: 0, lastSeq: 0) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("path", &path, "The absolute path of the file.")
        try fields.required("bytes", &bytes, .count, "The size of the file in bytes.")
        try fields.required("projects", &projects, .count, "The number of projects in the backup.")
        try fields.required("lastSeq", &lastSeq, .count, "The number of the newest event in the backup, 0 if none.")
    }
}
