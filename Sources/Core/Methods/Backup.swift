/// Copies the whole ledger, as it is at one moment, into a new file of the daemon's backup folder, and checks the copy.
public struct Backup: Sendable {
    /// A file name, or an absolute path in the backup folder. There must be nothing there yet.
    public var path: String

    public init(path: String) { self.path = path }

    public struct Response: Sendable {
        /// Absolute.
        public var path: String
        public var bytes: Int64
        public var projects: Int64
        /// The newest event that is in it; 0 when there is none.
        public var lastSeq: Int64
    }
}

extension Backup: ReadMethod {
    package static let name = "backup"
    package static let summary = "Copy the whole ledger into a new file of the backup folder, and check the copy."
    package static let roles: [Role] = [.admin]
    package static let errors: [ErrorKind] = [.backupFailed]
    package static let cost = ReadCost.whole
    package static let actsUnheard = true
    package static var blank: Self { Self(path: "") }
    /// Done twice, the second one finds the file of the first.
    package var isRepeatable: Bool { false }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required(
            "path", &path, .line(1...4096), "A new file's name, or its absolute path in the backup folder.")
    }

    package func run(in store: any ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        let report = try store.backUp(to: path)
        return Response(
            path: report.path, bytes: report.bytes, projects: report.projects, lastSeq: report.lastSeq)
    }
}

extension Backup.Response: Message {
    package static let title: String? = "BackupResult"
    package static let note = "The file that was made."
    package static var blank: Self { Self(path: "", bytes: 0, projects: 0, lastSeq: 0) }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {
        try fields.required("path", &path, "The file, absolute.")
        try fields.required("bytes", &bytes, .count, "Its size.")
        try fields.required("projects", &projects, .count, "Projects in it.")
        try fields.required("lastSeq", &lastSeq, .count, "The newest event in it; 0 when there is none.")
    }
}
