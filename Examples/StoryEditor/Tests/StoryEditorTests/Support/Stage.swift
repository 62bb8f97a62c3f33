import AsyncHTTPClient
import Foundation
import LifecycleClient
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

@testable import StoryEditor

/// The app on a port of its own, with a real daemon and a stand-in for the video service.
struct Stage: Sendable {
    static let proxySecret = "the proxy's own secret"
    static let pipelineToken = "a pipeline's own token"
    static let upstreamToken = "the app's own token"
    /// For an answer of the app's: against a hang, no measure.
    static let patience = TimeAmount.minutes(5)

    /// What a test has set otherwise.
    struct Change {
        let apply: (inout Configuration) -> Void

        static func set<Value>(_ setting: WritableKeyPath<Configuration, Value>, _ value: Value) -> Change {
            Change { $0[keyPath: setting] = value }
        }
    }

    let daemon: Daemon
    let upstream: FakeUpstream
    let client: LifecycleClient
    let port: Int
    let services: ServiceGroup
    /// Ends with the app.
    let run: Task<Void, any Error>

    static func with(
        _ change: Change? = nil, _ body: (Stage) async throws -> Void
    ) async throws {
        let daemon = try await Daemon()
        let upstream = try await FakeUpstream()
        var configuration = Configuration(
            upstreamURL: "http://127.0.0.1:\(upstream.port)", upstreamToken: upstreamToken,
            pipelineTokens: ["another pipeline's token", pipelineToken], proxySecret: proxySecret)
        configuration.port = 0
        configuration.socketPath = daemon.socket
        configuration.daemonPatience = 30
        configuration.upstreamTimeout = 20
        configuration.admins = ["root"]
        change?.apply(&configuration)
        let (ports, source) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let services = try StoryEditorApp(configuration, logger: logger) { source.yield($0) }.services(stopAt: [])
        let run = Task {
            defer { source.finish() }
            try await services.run()
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else {
            throw TestFailure("the app has ended without listening: \(await run.result)")
        }
        let stage = Stage(
            daemon: daemon, upstream: upstream, client: daemon.client(), port: port,
            services: services, run: run)
        do { try await body(stage) } catch {
            await stage.end()
            throw error
        }
        await stage.end()
    }

    private func end() async {
        run.cancel()
        _ = await run.result
        await client.close()
    }

    func grant(_ credits: Int64, to userId: String = "ana") async throws {
        _ = try await client.grantCredits(userId: userId, credits: credits, reason: "sign-up")
    }

    /// What the user has: available and held.
    func balance(_ userId: String = "ana") async throws -> [Int64] {
        let balance = try await client.getBalance(userId: userId)
        return [balance.available, balance.held]
    }

    // MARK: Requests

    struct Answer: Sendable {
        let status: UInt
        let headers: [String: String]
        let text: String

        /// A member of the JSON answer, as text; `a.b` for one within another.
        func json(_ path: String) -> String? {
            var value = try? JSONSerialization.jsonObject(with: Data(text.utf8))
            for name in path.split(separator: ".") {
                if let list = value as? [Any], let index = Int(name), list.indices.contains(index) {
                    value = list[index]
                } else {
                    value = (value as? [String: Any])?[String(name)]
                }
            }
            return value.map { "\($0)" }
        }
    }

    /// - Parameter user: signed in by the proxy; nil: nobody.
    func request(
        _ method: String = "GET", _ path: String, user: String? = "ana", headers: [String: String] = [:],
        body: String? = nil
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = .init(rawValue: method)
        if let user {
            request.headers.add(name: "X-Forwarded-User", value: user)
            request.headers.add(name: "X-Proxy-Secret", value: Self.proxySecret)
        }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        return request
    }

    func send(_ request: HTTPClientRequest) async throws -> Answer {
        let http = HTTPClient.noRedirects
        let response = try await http.execute(request, timeout: Self.patience)
        let body = try await response.body.collect(upTo: 1 << 22)
        let headers = Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
        return Answer(status: response.status.code, headers: headers, text: String(buffer: body))
    }

    func get(_ path: String, user: String? = "ana", headers: [String: String] = [:]) async throws -> Answer {
        try await send(request("GET", path, user: user, headers: headers))
    }

    func order(
        _ prompt: String = "a fox", user: String? = "ana", key: String? = nil
    ) async throws -> Answer {
        let body = #"{"template_name":"story","config":{"prompt":"\#(prompt)","aspect_ratio":"16:9","seed":7}}"#
        return try await post(
            "/api/story-editor/generate", body, user: user, headers: key.map { ["Idempotency-Key": $0] } ?? [:])
    }

    func post(
        _ path: String, _ body: String, user: String? = "ana", headers: [String: String] = [:]
    ) async throws -> Answer {
        try await send(
            request(
                "POST", path, user: user,
                headers: ["Content-Type": "application/json"].merging(headers) { $1 }, body: body))
    }

    /// As a pipeline does it.
    func report(_ id: String, _ status: String, _ message: String? = nil, token: String? = pipelineToken) async throws
        -> Answer
    {
        let said = message.map { #","errorMessage":"\#($0)""# } ?? ""
        return try await post(
            "/api/story-editor/project/status", #"{"projectId":"\#(id)","status":"\#(status)"\#(said)}"#, user: nil,
            headers: token.map { ["Authorization": "Bearer \($0)"] } ?? [:])
    }

    static let formToken = String(repeating: "a", count: 32)

    /// A form of a page, with its token and cookie.
    func form(
        _ path: String, _ fields: String = "", user: String = "ana", headers: [String: String] = [:]
    ) async throws -> Answer {
        let always = [
            "Content-Type": "application/x-www-form-urlencoded", "Cookie": "__Host-story-editor=\(Self.formToken)",
        ]
        return try await send(
            request(
                "POST", path, user: user, headers: always.merging(headers) { $1 },
                body: "csrf=\(Self.formToken)" + (fields.isEmpty ? "" : "&" + fields)))
    }
}

extension HTTPClient {
    /// Lives as long as the tests.
    static let noRedirects: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 300
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()
}
