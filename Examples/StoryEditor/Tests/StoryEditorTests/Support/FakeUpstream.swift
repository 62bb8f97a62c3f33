import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Stands in for the video service: a real HTTP server, on TCP, that does what the test wants.
final class FakeUpstream: Sendable {
    enum Behaviour: Sendable {
        /// Begins the job: its id is made of the request's Idempotency-Key.
        case works
        /// The same, when this has returned.
        case worksAfter(@Sendable () async throws -> Void)
        /// Any answer, as bytes.
        case answers(String)
        /// Takes the request and says nothing.
        case hangs
        /// Begins an answer and sends a byte of it now and then.
        case trickles
        /// Closes the connection when it has the request.
        case dies
        /// Closes it before that.
        case shuts

        /// Begins the job after a while.
        static func slow(_ time: Duration) -> Behaviour { .worksAfter { try await Task.sleep(for: time) } }
    }

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    let port: Int
    private let behaviour = Mutex(Behaviour.works)
    /// The requests, each whole.
    private let requests = Mutex<[String]>([])
    var seen: [String] { requests.withLock { $0 } }
    private let server: Task<Void, any Error>

    init() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 512)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        port = channel.channel.localAddress?.port ?? 0
        let serve = Mutex<(@Sendable (Connection) async -> Void)?>(nil)
        server = Task {
            try await channel.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        guard let serve = serve.withLock({ $0 }) else { continue }
                        group.addTask { await serve(connection) }
                    }
                }
            }
        }
        serve.withLock { $0 = { [weak self] connection in await self?.serve(connection) } }
    }

    deinit { server.cancel() }

    func become(_ new: Behaviour) { behaviour.withLock { $0 = new } }

    private func serve(_ connection: Connection) async {
        try? await connection.executeThenClose { inbound, outbound in
            if case .shuts = behaviour.withLock({ $0 }) { return }
            var buffer = ""
            for try await bytes in inbound {
                buffer += String(buffer: bytes)
                while let request = Self.takeRequest(&buffer) {
                    requests.withLock { $0.append(request) }
                    guard try await answer(request, outbound) else { return }
                }
            }
        }
    }

    /// - Returns: whether the connection goes on.
    private func answer(_ request: String, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws -> Bool {
        switch behaviour.withLock({ $0 }) {
        case .works: try await outbound.write(Self.created(request))
        case .worksAfter(let wait):
            try await wait()
            try await outbound.write(Self.created(request))
        case .answers(let text):
            try await outbound.write(ByteBuffer(string: text))
            return false
        case .hangs:
            // Until the client gives up, or the test is over.
            try await Task.sleep(for: .seconds(600))
        case .trickles:
            try await outbound.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"))
            while true {
                try await outbound.write(ByteBuffer(string: " "))
                try await Task.sleep(for: .milliseconds(50))
            }
        case .dies, .shuts: return false
        }
        return true
    }

    private static func created(_ request: String) -> ByteBuffer {
        let key = header("idempotency-key", request) ?? "none"
        return ByteBuffer(string: ok(#"{"id":"sda-\#(key)","type":"video"}"#, connection: "keep-alive"))
    }

    /// - Parameter connection: "close" says that the connection ends with it: the next request must not be sent there.
    static func ok(_ body: String, connection: String = "close") -> String {
        "HTTP/1.1 200 OK\r\nconnection: \(connection)\r\ncontent-type: application/json\r\n"
            + "content-length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    static func header(_ name: String, _ request: String) -> String? {
        request.components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix(name + ":") }?
            .split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces)
    }

    private static func takeRequest(_ buffer: inout String) -> String? {
        guard let end = buffer.range(of: "\r\n\r\n") else { return nil }
        let length = header("content-length", String(buffer[..<end.lowerBound])).flatMap { Int($0) } ?? 0
        let body = buffer[end.upperBound...].utf8
        guard body.count >= length else { return nil }
        let request = String(buffer[..<end.upperBound]) + (String(body.prefix(length)) ?? "")
        buffer = String(body.dropFirst(length)) ?? ""
        return request
    }
}

/// Holds what waits at it until it is opened.
final class Gate: Sendable {
    private let isOpen = Mutex(false)

    func open() { isOpen.withLock { $0 = true } }

    @Sendable func wait() async throws { try await waitFor("the gate to open") { isOpen.withLock { $0 } } }
}
