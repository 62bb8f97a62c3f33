internal import Glibc
internal import LifecycleRPC

/// Runs one import and prints its summary.
struct ImportCommand {
    let table: Importer.Table
    let file: String
    let options: ImportOptions
    let mayCreate: Bool

    /// Prints every wrong row before it throws.
    func run(_ configuration: DaemonConfiguration) throws(ImportError) {
        Interruption.obeySecond()
        var progress = ImportProgress()
        let importer = Importer(
            limits: configuration.limits, isInterrupted: { Interruption.hasCome },
            progress: { progress.show($0, $1) })
        do throws(ImportError) {
            let summary = try importer.run(
                table, from: ImportFile(file), into: configuration.databasePath, dryRun: options.dryRun,
                mayCreate: mayCreate)
            progress.clear()
            if options.json {
                StandardStream.output.json(summary.json)
            } else {
                StandardStream.output.write(summary.text(of: table, configuration.limits))
            }
        } catch {
            progress.clear()
            StandardStream.errors.write(error.rows)
            if case .interrupted = error {
                StandardStream.errors.line("lifecycled: \(error)")
                Interruption.end()
            }
            throw error
        }
    }
}

/// A progress line on standard error. Only on a terminal.
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
