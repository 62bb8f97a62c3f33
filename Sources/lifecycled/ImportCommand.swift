internal import Glibc
internal import LifecycleRPC

/// One import, in the foreground, from its flags to its summary.
struct ImportCommand {
    let table: Importer.Table
    let file: String
    let options: ImportOptions

    /// The rows that are wrong are told before it throws.
    func run(_ configuration: DaemonConfiguration) throws(ImportError) {
        Interruption.watch()
        var progress = ImportProgress()
        let importer = Importer(
            limits: configuration.limits, isInterrupted: { Interruption.hasCome },
            progress: { progress.show($0, $1) })
        do throws(ImportError) {
            let summary = try importer.run(
                table, from: ImportFile(file), into: configuration.databasePath, dryRun: options.dryRun)
            progress.clear()
            Self.write(
                options.json ? summary.json : summary.text(of: table, configuration),
                to: STDOUT_FILENO)
        } catch {
            progress.clear()
            Self.write(error.rows, to: STDERR_FILENO)
            if case .interrupted = error {
                Self.write("lifecycled: \(error)\n", to: STDERR_FILENO)
                Interruption.end()
            }
            throw error
        }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            // What was imported is kept, whoever reads of it.
            if count < 0, errno != EINTR { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}

/// A line on standard error that says how far it is; nothing unless that is a terminal.
private struct ImportProgress {
    private var isShown = isatty(STDERR_FILENO) == 1
    private var isOnScreen = false

    mutating func show(_ phase: Importer.Phase, _ rows: Int) {
        guard isShown else { return }
        isOnScreen = true
        let text =
            switch phase {
            case .reading: "reading, row \(rows) …"
            case .writing: "writing, row \(rows) …"
            case .auditing: "auditing …"
            }
        put("\r\u{1B}[K\(text)")
    }

    mutating func clear() {
        if isOnScreen { put("\r\u{1B}[K") }
        isShown = false
    }

    private func put(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
