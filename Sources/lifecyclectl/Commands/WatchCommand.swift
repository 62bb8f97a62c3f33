internal import ArgumentParser
internal import LifecycleClient
internal import LifecycleCore

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "What happens, line by line, as it is committed.",
        discussion: """
            Goes on until it is interrupted, also when the daemon is restarted meanwhile. Each line begins with the \
            event's number: --from that number shows what came after it, and misses nothing.

            Examples:
              lifecyclectl watch --user ada
              lifecyclectl watch --from 0 --json | jq -c 'select(.kind == "failed")'
            """)

    @Option(help: ArgumentHelp("Only this user's events.", valueName: "user")) var user: String?
    @Option(
        help: ArgumentHelp("Only this project's events.", valueName: "project"), transform: ProjectID.init(argument:))
    var project: ProjectID?
    @Option(
        help: ArgumentHelp("First those after this event, 0 for all. Default: only what comes now.", valueName: "seq"))
    var from: Int64?
    @OptionGroup var socket: SocketOption
    @Flag(help: "Print each event as JSON, one a line.") var json = false

    func validate() throws {
        guard from ?? 0 >= 0 else { throw ValidationError("--from must be 0 or more.") }
    }

    func run() async throws {
        let output = Output()
        let request = Watch(fromSeq: from, userId: user, projectId: project)
        try await Session(socket.configuration).watch(request) { event in
            if json { output.json(event) } else { output.styled(StyledLine(event)) }
        }
    }
}

extension Output {
    fileprivate func json(_ event: Event) {
        var text = JSONWriter(capacity: 256)
        event.write(to: &text)
        verbatim(text.take())
    }
}

extension StyledLine {
    /// In columns, but for the user and the detail, which may be of any length.
    fileprivate init(_ event: Event) {
        self.init()
        append(column: "\(event.seq)", width: 6, .plain, isRight: true)
        append(column: event.at.short, width: 20, .plain)
        append(column: event.kind.rawValue, width: Self.kindWidth, event.kind.style)
        append(column: event.projectId?.description ?? "", width: ProjectID.textBytes, .plain)
        for text in [event.userId, event.detail ?? ""] {
            append(SafeText.value(text), .plain)
            skip(2)
        }
    }

    private static let kindWidth = Event.Kind.allCases.map(\.rawValue.count).max() ?? 0

    private mutating func append(column text: String, width: Int, _ style: Style, isRight: Bool = false) {
        let padding = max(0, width - text.count)
        if isRight { skip(padding) }
        append(text, style)
        if !isRight { skip(padding) }
        skip(2)
    }
}

extension Event.Kind {
    fileprivate var style: Style { Status(rawValue: rawValue)?.style ?? (self == .created ? .waiting : .plain) }
}
