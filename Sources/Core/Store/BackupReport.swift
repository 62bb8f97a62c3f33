/// A backup that was made and checked.
package struct BackupReport: Sendable, Equatable {
    /// Absolute.
    package var path: String
    package var bytes: Int64
    package var projects: Int64
    /// The number of its newest event. 0 if there is none.
    package var lastSeq: Int64

    package init(path: String, bytes: Int64, projects: Int64, lastSeq: Int64) {
        self.path = path
        self.bytes = bytes
        self.projects = projects
        self.lastSeq = lastSeq
    }
}
