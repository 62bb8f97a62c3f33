package import LifecycleCore

extension ImportSummary {
    /// The summary for people. Each line has LF at its end.
    /// - Parameter limits: the limits of the daemon.
    package func text(of table: Importer.Table, _ limits: Limits) -> String {
        var lines: [(name: String, value: String)] = [("database", PeerText.visible(database) + novelty)]
        lines.append(("rows", "\(rows)\(skipped)"))
        lines.append(("new users", "\(users)"))
        switch table {
        case .users: lines.append(("credits", "\(creditsGranted) granted"))
        case .projects:
            lines.append(("pending", "\(byStatus.pending)"))
            lines.append(("processing", "\(byStatus.processing)"))
            lines.append(("completed", "\(byStatus.completed), their \(creditsCaptured) credits spent"))
            lines.append(("failed", "\(byStatus.failed), their \(creditsRefunded) credits refunded"))
            lines += unfinished(lease: limits.lease)
            if messagesLeftOut > 0 {
                lines.append(("left out", "\(messagesLeftOut) error messages of projects that have not failed"))
            }
        }
        if !ignoredColumns.isEmpty {
            let names = ignoredColumns.map { PeerText.escaped($0, maximumBytes: 40) }
            lines.append(("ignored", "columns \(names.joined(separator: ", "))"))
        }
        lines.append(("audit", "clean"))
        let width = lines.map(\.name.utf8.count).max() ?? 0
        let table = lines.map { name, value in
            name + String(repeating: " ", count: width - name.utf8.count + 2) + value + "\n"
        }
        return table.joined() + (dryRun ? "Dry run: nothing was kept.\n" : "")
    }

    /// The summary as one line of JSON.
    package var json: String {
        var json = JSONWriter(capacity: 512)
        write(to: &json)
        return String(decoding: json.bytes, as: UTF8.self) + "\n"
    }

    private var novelty: String {
        guard databaseIsNew else { return "" }
        return dryRun ? ", which would be created" : ", which was created"
    }

    private var skipped: String {
        alreadyImported == 0 ? "" : ", \(alreadyImported) of them imported before and skipped"
    }

    private func unfinished(lease: Int64) -> [(name: String, value: String)] {
        guard let lastDeadline else { return [("unfinished", "none")] }
        let held = "\(creditsHeld) credits held, refunded by \(lastDeadline) unless a pipeline reports"
        guard overdue > 0 else { return [("unfinished", held)] }
        let dead = """
            \(overdue) projects, \(creditsOverdue) credits: failed and refunded when the daemon starts, or one lease \
            (\(lease) s) later if only the lease ran out
            """
        return [("unfinished", held), ("overdue", dead)]
    }
}
