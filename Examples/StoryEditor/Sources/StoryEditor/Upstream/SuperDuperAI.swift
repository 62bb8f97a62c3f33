internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// SuperDuperAI's "create project" call: `POST /api/v1/project/video` with a bearer token, answered with the project.
struct SuperDuperAI: VideoService {
    private let http: HTTPClient
    private let url: String
    private let token: String
    private let timeout: Duration

    /// Bytes of an answer that are read.
    private static let maximumAnswerBytes = 256 * 1024

    init(_ configuration: Configuration, _ http: HTTPClient) {
        self.http = http
        let base = configuration.upstreamURL
        url = (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/api/v1/project/video"
        token = configuration.upstreamToken
        timeout = .seconds(configuration.upstreamTimeout)
    }

    func start(_ order: VideoOrder, key: String) async throws -> String {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "Idempotency-Key", value: key)
        request.body = .bytes(ByteBuffer(string: try order.json()))
        let (status, answer) = try await send(request)
        guard (200..<300).contains(status) else {
            throw UpstreamError.refused(status: status, reason: Refusal.reason(in: answer))
        }
        guard let created = try? JSONDecoder().decode(Created.self, from: answer) else {
            throw UpstreamError.badAnswer("it names no project")
        }
        guard (1...255).contains(created.id.utf8.count), !created.id.hasControlCharacters else {
            throw UpstreamError.badAnswer("its id of the project is not one")
        }
        return created.id
    }

    /// The time is for the whole answer, where the HTTP client's own deadline is for its beginning: one that trickles
    /// in is as bad as none.
    private func send(_ request: HTTPClientRequest) async throws -> (status: UInt, body: Data) {
        try await withThrowingTaskGroup { group in
            group.addTask { try await exchange(request) }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw UpstreamError.timedOut
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw UpstreamError.timedOut }
            return answer
        }
    }

    private func exchange(_ request: HTTPClientRequest) async throws -> (status: UInt, body: Data) {
        do {
            let response = try await http.execute(request, deadline: .distantFuture)
            let body = try await response.body.collect(upTo: Self.maximumAnswerBytes)
            return (response.status.code, Data(body.readableBytesView))
        } catch let error as HTTPClientError where Self.timeouts.contains(error) {
            throw UpstreamError.timedOut
        } catch is NIOTooManyBytesError {
            throw UpstreamError.badAnswer("it is too long")
        } catch let error as HTTPParserError where error != .invalidEOFState {
            throw UpstreamError.badAnswer("it is not HTTP")
        } catch let error as CancellationError {
            throw error
        } catch {
            throw UpstreamError.unreachable
        }
    }

    private static let timeouts: [HTTPClientError] = [
        .deadlineExceeded, .readTimeout, .connectTimeout, .getConnectionFromPoolTimeout,
    ]

    private struct Created: Decodable { let id: String }

    /// The errors of its framework: `{"detail":"…"}`.
    private struct Refusal: Decodable {
        let detail: String

        static func reason(in answer: Data) -> String? {
            guard let refusal = try? JSONDecoder().decode(Refusal.self, from: answer) else { return nil }
            let line = refusal.detail.unicodeScalars.prefix(200).map { $0.value < 32 ? " " : $0 }
            return String(String.UnicodeScalarView(line))
        }
    }
}
