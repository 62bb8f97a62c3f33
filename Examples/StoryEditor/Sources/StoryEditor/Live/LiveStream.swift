internal import HTTPTypes
internal import Hummingbird
internal import LifecycleClient
internal import NIOCore
internal import ServiceLifecycle

/// Renders what a live page is to be told.
protocol LiveView: Sendable {
    /// Throws `ClientError` when the daemon cannot be asked: the stream ends then, and the browser comes back for it.
    mutating func message(_ content: Mailbox.Content) async throws -> LiveMessage
}

/// The streams of all live pages.
struct LiveStreams: Sendable {
    let client: LifecycleClient
    private let lifetime: Int64
    private let places: StreamPlaces

    private static let keepAliveTicks = 10

    init(_ client: LifecycleClient, _ configuration: Configuration) {
        self.client = client
        lifetime = configuration.livePageLifetime
        places = StreamPlaces(of: configuration)
    }

    /// Answers with a stream that ends with the page, with the app, when the daemon refuses, or when its time is over:
    /// the browser comes back then, by way of the proxy, which knows who is still signed in.
    ///
    /// - Parameter userId: whose events; nil: everybody's.
    func response(
        _ request: Request, to user: SignedInUser, eventsOf userId: String?, view: some LiveView
    ) throws -> Response {
        guard let place = places.enter(user.userId) else {
            var problem = Problem(
                .serviceUnavailable, "tooManyPages", "Too many pages are live; reload to see changes.")
            problem.retryAfter = 15
            throw problem
        }
        let text = request.headers[.lastEventID] ?? request.uri.queryParameters["after"].map(String.init)
        let position = text.flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
        let headers: HTTPFields = [
            .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store", .accelBuffering: "no",
        ]
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                let mailbox = Mailbox()
                let feed = feed(mailbox, userId, position)
                let clock = Task {
                    for _ in 0..<lifetime {
                        try await Task.sleep(for: .seconds(1))
                        mailbox.tick()
                    }
                    mailbox.end()
                }
                defer {
                    feed.cancel()
                    clock.cancel()
                    place.leave()
                }
                // The request is not ours to keep: when the browser goes, so does the watch.
                try await withGracefulShutdownHandler {
                    try await request.body.consumeWithInboundCloseHandler { _ in
                        try await Self.write(mailbox, view, to: &writer)
                    } onInboundClosed: {
                        mailbox.end()
                    }
                } onGracefulShutdown: {
                    mailbox.end()
                }
                feed.cancel()
                if case .failure(let error) = await feed.result, (error as? ClientError)?.kind == .invalidParams {
                    // The page is ahead of the ledger, which was put back to an older state.
                    try await writer.write(LiveMessage.resync)
                }
                try await writer.finish(nil)
            })
    }

    /// Fills the mailbox with what happens.
    private func feed(_ mailbox: Mailbox, _ userId: String?, _ position: Int64?) -> Task<Void, any Error> {
        Task { [client] in
            defer { mailbox.end() }
            let events = client.watch(userId: userId, fromSeq: position) { seq in
                if position == nil { mailbox.begin(seq) }
            }
            for try await event in events { mailbox.add(event) }
        }
    }

    private static func write(
        _ mailbox: Mailbox, _ view: some LiveView, to writer: inout any ResponseBodyWriter
    ) async throws {
        var view = view
        var silence = 0
        try await writer.write(LiveMessage.opening)
        while let content = await mailbox.next() {
            if content.isOutOfDate {
                try await writer.write(LiveMessage.resync)
                continue
            }
            let message: LiveMessage
            do { message = try await view.message(content) } catch is ClientError { return mailbox.end() }
            if !message.isEmpty || content.seq != nil {
                silence = 0
                try await writer.write(message.bytes(id: content.seq))
            } else {
                silence += content.ticks
                if silence >= keepAliveTicks {
                    silence = 0
                    try await writer.write(LiveMessage.keepAlive)
                }
            }
        }
    }
}
