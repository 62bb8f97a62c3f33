internal import AsyncHTTPClient
internal import Hummingbird
internal import LifecycleClient
public import Logging
internal import NIOCore
public import ServiceLifecycle
public import UnixSignals

/// The web app, put together.
public struct StoryEditorApp: Sendable {
    private let configuration: Configuration
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// - Parameter onListening: told of the port when connections are accepted.
    public init(
        _ configuration: Configuration, logger: Logger, onListening: @escaping @Sendable (_ port: Int) async -> Void
    ) {
        self.configuration = configuration
        self.logger = logger
        self.onListening = onListening
    }

    /// What runs until a signal comes. Then no more connections are accepted, requests that have begun are answered,
    /// live pages are let go, and last the client is closed: every charge has its outcome.
    ///
    /// - Throws: when a template of the binary cannot be read.
    public func services(stopAt signals: [UnixSignal] = [.sigterm, .sigint, .sighup]) throws -> ServiceGroup {
        var clientConfiguration = ClientConfiguration(socketPath: configuration.socketPath)
        clientConfiguration.connectTimeout = .seconds(configuration.daemonPatience)
        clientConfiguration.logger = logger
        let client = LifecycleClient(clientConfiguration)
        let http = HTTPClient(configuration: Self.httpConfiguration)
        let recent = RecentEvents(client, logger)
        let router = try router(client, http, recent)
        let server = Application(
            responder: router.buildResponder(), server: .http1(configuration: .init(idleTimeout: .seconds(75))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "story-editor"),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
        // The last one ends first.
        let services: [any Service] = [client, HTTPClientService(http: http), recent, server]
        return ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
                gracefulShutdownSignals: signals, logger: logger
            ).with(drainTimeout: configuration.drainTimeout))
    }

    private func router(
        _ client: LifecycleClient, _ http: HTTPClient, _ recent: RecentEvents
    ) throws -> Router<AppContext> {
        let pages = try PageRenderer()
        let studio = Studio(client, SuperDuperAI(configuration, http), configuration, logger)
        let streams = LiveStreams(client, configuration)
        let router = Router(context: AppContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: SecurityHeaders())
        router.add(middleware: ErrorMiddleware(pages: pages))
        API(configuration: configuration, client: client, studio: studio).addRoutes(to: router)
        ProjectsPage(
            configuration: configuration, client: client, studio: studio, pages: pages, streams: streams,
            recent: recent
        ).addRoutes(to: router)
        AdminPage(
            configuration: configuration, client: client, pages: pages, streams: streams, recent: recent,
            refunds: TodaysRefunds(client)
        ).addRoutes(to: router)
        Assets.addRoutes(to: router)
        return router
    }

    /// One try each, to where it was told to: a job must not be begun twice, nor at another place.
    private static var httpConfiguration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.retryConnectionEstablishment = false
        // An order's time runs from here on: none may wait for a place among others that hang. (The default is 8.)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        return configuration
    }
}

/// Ends the HTTP client with the app.
private struct HTTPClientService: Service {
    let http: HTTPClient

    func run() async throws {
        try? await gracefulShutdown()
        try await http.shutdown()
    }
}

extension ServiceGroupConfiguration {
    /// - Parameter drainTimeout: seconds after which requests that still run are cancelled. Their credits are given
    ///   back.
    fileprivate func with(drainTimeout: Int64) -> ServiceGroupConfiguration {
        var configuration = self
        configuration.maximumGracefulShutdownDuration = .seconds(drainTimeout)
        return configuration
    }
}
