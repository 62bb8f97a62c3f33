internal import LifecycleCore

extension Timestamp {
    /// For people: `2026-11-23 13:01:19Z`.
    var short: String {
        let text = description
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8))Z"
    }
}

extension Int64 {
    /// `1 credit`, `40 credits`.
    var credits: String { counted("credit") }

    func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}

extension Balance {
    var sentence: String { "\(SafeText.value(userId)) has \(available) available and \(held) held" }
}

extension Table {
    /// Every field of a project.
    init(_ project: Project) {
        func cell(_ text: String?) -> Cell? { text.map { Cell($0) } }
        let refunded = project.creditsRefunded > 0 ? ", \(project.creditsRefunded) refunded" : ""
        self.init(details: [
            ("project", cell(project.projectId.description)),
            ("status", Cell(project.status.rawValue, project.status.style)),
            ("user", cell(project.userId)),
            ("credits", cell("\(project.creditsUsed)\(refunded)")),
            ("external id", cell(project.externalId)),
            ("name", cell(project.name)),
            ("error", cell(project.error)),
            ("created", cell(project.createdAt.short)),
            ("started", cell(project.startedAt?.short)),
            ("finished", cell(project.finishedAt?.short)),
            ("paused until", cell(project.pausedUntil?.short)),
            ("deadline", cell(project.deadline?.short)),
            ("metadata", cell(project.metadata?.json)),
        ])
    }

    init(_ entries: [Entry], withProjects: Bool) {
        if withProjects {
            self.init(
                .right("ENTRY"), .left("KIND"), .right("CREDITS"), .left("AT"), .left("PROJECT"), .left("REASON"))
        } else {
            self.init(.right("ENTRY"), .left("KIND"), .right("CREDITS"), .left("AT"))
        }
        for entry in entries {
            let cells = [Cell(entry.entryId), Cell(entry.kind.rawValue), Cell(entry.credits), Cell(entry.at.short)]
            let further = [Cell(entry.projectId?.description ?? ""), Cell(entry.reason ?? "")]
            append(cells + (withProjects ? further : []))
        }
    }

    init(_ events: [Event]) {
        self.init(
            .right("EVENT"), .left("KIND"), .left("AT"), .right("UID"), .right("GID"), .right("PID"), .left("DETAIL"))
        for event in events {
            append([
                Cell(event.seq), Cell(event.kind.rawValue), Cell(event.at.short), Cell(event.uid), Cell(event.gid),
                Cell(event.pid), Cell(event.detail ?? ""),
            ])
        }
    }
}

extension Project {
    /// `pipelineFailed: GPU lost`.
    var error: String? {
        guard let errorCode else { return nil }
        return errorMessage.map { "\(errorCode): \($0)" } ?? errorCode
    }
}

extension Output {
    /// A grant or an adjustment.
    func posted(_ posted: PostedEntry) {
        let entry = posted.entry
        let done = posted.replayed ? "was already written with this key" : "is written"
        line("Entry \(entry.entryId), \(entry.kind.rawValue) of \(entry.credits.credits), \(done).")
        line("\(posted.balance.sentence).")
    }
}
