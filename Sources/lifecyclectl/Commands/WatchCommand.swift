internal import ArgumentParser
internal import LifecycleClient
internal import LifecycleCore

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Print each event as it is committed, one per line.",
        discussion: """
            It runs until it is interrupted, also across restarts of the daemon. Each line begins with the event's \
            number. To continue later without a gap, give the last number to --from.

            Examples:
              lifecyclectl watch --user ada
              lifecyclectl watch --from 0 --json | jq -c 'select(.kind == "failed")'
            """)

    @Option(help: ArgumentHelp("Only this user's events.", valueName: "user")) var user: String?
    @Option(
        help: ArgumentHelp("Only this project's events.", valueName: "project"), transform: ProjectID.init(argument:))
    var project: ProjectID?
    @Option(
        help: ArgumentHelp(
            "Begin after the event with this number, 0 for all. Default: only new events.", valueName: "seq"))
    var from: Int64?
    @OptionGroup var socket: SocketOption
    @Flag(help: "Print each event as one line of JSON.") var json = false

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
    /// The user and the detail come last and without padding, because they can have any length.
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
