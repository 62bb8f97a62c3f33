internal import Foundation
internal import LifecycleClient

/// How the app is run: read from the environment, checked before anything starts.
public struct Configuration: Sendable {
    public var host = "127.0.0.1"
    /// 0: any free one.
    public var port = 8080
    /// The daemon's socket.
    public var socketPath = ClientConfiguration.defaultSocketPath
    /// How long a request waits for a daemon that is being restarted, in seconds.
    public var daemonPatience: Int64 = 5
    /// Where the video service answers, without the path.
    public var upstreamURL: String
    public var upstreamToken: String
    /// How long the video service may take to accept a job, in seconds.
    public var upstreamTimeout: Int64 = 30
    /// Seconds that a project may stay pending beyond the video service's time: when this process dies in between, the
    /// daemon gives the credits back then.
    public var startMargin: Int64 = 30
    /// What a video costs, in credits.
    public var price: Int64 = 40
    /// What pipelines show to report; more than one, so that they can be changed one after the other.
    public var pipelineTokens: [String]
    /// What the reverse proxy shows, so that its word about who is signed in is believed.
    public var proxySecret: String
    /// The addresses that the proxy may come from.
    public var proxyAddresses: [String] = ["127.0.0.1", "::1"]
    /// The users who may see `/admin`.
    public var admins: [String] = []
    /// Pages that may be live at once: each has a connection to the daemon, which allows 256 of one Unix user.
    public var maximumLivePages = 200
    /// Of one user's, so that nobody takes all places.
    public var maximumLivePagesOfUser = 10
    /// Seconds after which a live page must ask again, and show that it is still signed in.
    public var livePageLifetime: Int64 = 600
    /// Seconds that a stop waits for requests that have begun.
    public var drainTimeout: Int64 = 30

    public init(upstreamURL: String, upstreamToken: String, pipelineTokens: [String], proxySecret: String) {
        self.upstreamURL = upstreamURL
        self.upstreamToken = upstreamToken
        self.pipelineTokens = pipelineTokens
        self.proxySecret = proxySecret
    }

    /// Bytes that a secret has at least: a short one can be guessed.
    static let leastSecretBytes = 16
}

extension Configuration {
    /// - Parameter address: of who has connected; nil: unknown, and so not trusted.
    func isProxy(_ address: String?) -> Bool { address.map(proxyAddresses.contains) ?? false }
}

/// What is wrong with the environment, one sentence.
public struct ConfigurationError: Error, CustomStringConvertible {
    public let description: String
}

extension Configuration {
    /// - Parameter environment: of the process.
    public init(environment: [String: String]) throws(ConfigurationError) {
        let reader = EnvironmentReader(environment)
        self.init(
            upstreamURL: try reader.text("STORY_EDITOR_UPSTREAM_URL"),
            upstreamToken: try reader.text("STORY_EDITOR_UPSTREAM_TOKEN"),
            pipelineTokens: try reader.secrets("STORY_EDITOR_PIPELINE_TOKENS"),
            proxySecret: try reader.secret("STORY_EDITOR_PROXY_SECRET"))
        guard upstreamURL.hasPrefix("http://") || upstreamURL.hasPrefix("https://") else {
            throw ConfigurationError(description: "STORY_EDITOR_UPSTREAM_URL must begin with http:// or https://.")
        }
        host = reader.optional("STORY_EDITOR_HOST") ?? host
        port = Int(try reader.number("STORY_EDITOR_PORT", 0...65_535) ?? Int64(port))
        socketPath = reader.optional("LIFECYCLE_SOCKET") ?? socketPath
        daemonPatience = try reader.number("STORY_EDITOR_DAEMON_PATIENCE", 0...60) ?? daemonPatience
        upstreamTimeout = try reader.number("STORY_EDITOR_UPSTREAM_TIMEOUT", 1...300) ?? upstreamTimeout
        startMargin = try reader.number("STORY_EDITOR_START_MARGIN", 1...3600) ?? startMargin
        price = try reader.number("STORY_EDITOR_PRICE", 0...1_000_000) ?? price
        proxyAddresses = reader.list("STORY_EDITOR_PROXY_ADDRESSES") ?? proxyAddresses
        admins = reader.list("STORY_EDITOR_ADMINS") ?? admins
        maximumLivePages = Int(
            try reader.number("STORY_EDITOR_LIVE_PAGES", 0...10_000) ?? Int64(maximumLivePages))
        maximumLivePagesOfUser = Int(
            try reader.number("STORY_EDITOR_LIVE_PAGES_OF_USER", 1...10_000) ?? Int64(maximumLivePagesOfUser))
        livePageLifetime = try reader.number("STORY_EDITOR_LIVE_LIFETIME", 1...86_400) ?? livePageLifetime
        drainTimeout = try reader.number("STORY_EDITOR_DRAIN_TIMEOUT", 1...600) ?? drainTimeout
    }
}

private struct EnvironmentReader {
    private let environment: [String: String]

    init(_ environment: [String: String]) { self.environment = environment }

    func optional(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    func text(_ name: String) throws(ConfigurationError) -> String {
        guard let value = optional(name) else { throw ConfigurationError(description: "\(name) is not set.") }
        return value
    }

    /// Between commas, without the spaces around.
    func list(_ name: String) -> [String]? {
        optional(name)?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    func secret(_ name: String) throws(ConfigurationError) -> String { try checked(text(name), name) }

    func secrets(_ name: String) throws(ConfigurationError) -> [String] {
        var secrets: [String] = []
        for part in list(name) ?? [] { secrets.append(try checked(part, name)) }
        guard !secrets.isEmpty else { throw ConfigurationError(description: "\(name) is not set.") }
        return secrets
    }

    private func checked(_ secret: String, _ name: String) throws(ConfigurationError) -> String {
        guard secret.utf8.count >= Configuration.leastSecretBytes else {
            throw ConfigurationError(
                description: "\(name) has a secret of less than \(Configuration.leastSecretBytes) bytes.")
        }
        return secret
    }

    func number(_ name: String, _ range: ClosedRange<Int64>) throws(ConfigurationError) -> Int64? {
        guard let text = optional(name) else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw ConfigurationError(
                description: "\(name) is \(text), and must be from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }
}
