import Foundation
import LifecycleSystem
import TestSupport

/// A stand-in for the daemon that does whatever a test wants: real bytes, a thread for each connection.
final class HostileServer: Sendable {
    /// What it does with a connection, which ends when this returns or throws. `number` counts connections from 1.
    typealias Script = @Sendable (_ peer: Peer, _ number: Int) throws -> Void

    let path: String
    private let folder: ScratchFolder
    private let listener: Int32
    private let shared = Shared()

    /// What its threads need of it: they do not keep it.
    private final class Shared: Sendable {
        let connections = Box(0)
        let open = Box<[Peer]>([])
        let requests = Box<[Request]>([])
    }

    /// - Parameter folder: where its socket is; a second server takes the first one's place there.
    init(in folder: ScratchFolder? = nil, _ script: @escaping Script) throws {
        self.folder = try folder ?? ScratchFolder()
        path = self.folder.file("s")
        unlink(path)
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard Self.bind(listener, to: path), listen(listener, 128) == 0 else { throw TestFailure("listen: \(errno)") }
        Thread { [listener, shared] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0, errno == EINTR { continue }
                guard descriptor >= 0 else { break }
                let peer = Peer(descriptor) { request in shared.requests.change { $0.append(request) } }
                let number = shared.connections.change { count in
                    count += 1
                    return count
                }
                shared.open.change { $0.append(peer) }
                Thread {
                    try? script(peer, number)
                    peer.hangUp()
                    shared.open.change { $0.removeAll { $0 === peer } }
                }.start()
            }
            close(listener)
        }.start()
    }

    deinit { stop() }

    /// Takes no more connections, which are refused from now on, and ends those there are.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        for peer in shared.open.value { peer.hangUp() }
    }

    /// How often somebody connected.
    var connections: Int { shared.connections.value }
    /// How many connections have not ended.
    var openConnections: Int { shared.open.value.count }
    /// All that was asked so far, over all connections.
    var requests: [Request] { shared.requests.value }

    static func bind(_ descriptor: Int32, to path: String) -> Bool {
        UnixSocketAddress(path: path)?.with { Foundation.bind(descriptor, $0, $1) } == 0
    }
}

/// The server's end of one connection.
final class Peer: @unchecked Sendable {
    // `buffer` is its thread's; the descriptor does not change.
    private let descriptor: Int32
    private let note: @Sendable (Request) -> Void
    private var buffer: [UInt8] = []

    fileprivate init(_ descriptor: Int32, note: @escaping @Sendable (Request) -> Void) {
        self.descriptor = descriptor
        self.note = note
    }

    deinit { close(descriptor) }

    func hangUp() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Reads no more, so that the client cannot write, and does not hang up.
    func stopReading() { shutdown(descriptor, Int32(SHUT_RD)) }

    /// The next request; throws at the end.
    func request() throws -> Request {
        guard let request = try next(wait: true) else { throw TestFailure("the client hung up") }
        return request
    }

    /// The next request, if it is there already.
    func waitingRequest() throws -> Request? { try next(wait: false) }

    private func next(wait: Bool) throws -> Request? {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                defer { buffer.removeSubrange(...end) }
                let request = try Request(buffer[..<end])
                note(request)
                return request
            }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &chunk, chunk.count, wait ? 0 : Int32(MSG_DONTWAIT))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            buffer += chunk[..<count]
        }
    }

    /// Waits until the client hangs up.
    func waitForEnd() {
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, 0) > 0 {}
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw TestFailure("send: \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    /// Answers as a daemon does until the client hangs up.
    func serve() throws {
        while true { try send(request().answer) }
    }
}

/// A request as it came.
struct Request: Sendable {
    let id: Int
    let method: String
    /// The parameter that tells the requests of a test from each other.
    let userId: String
    /// Where a watch is to begin.
    let fromSeq: Int?
    /// What a heartbeat or a report is about.
    let projectId: String
    let attach: Bool?
    let pause: Int?
    let idempotencyKey: String?

    init(_ line: ArraySlice<UInt8>) throws {
        guard let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
            let id = object["id"] as? Int, let method = object["method"] as? String,
            let params = object["params"] as? [String: Any]
        else { throw TestFailure("not a request: \(String(decoding: line, as: UTF8.self))") }
        self.id = id
        self.method = method
        userId = params["userId"] as? String ?? ""
        fromSeq = params["fromSeq"] as? Int
        projectId = params["projectId"] as? String ?? ""
        attach = params["attach"] as? Bool
        pause = params["pause"] as? Int
        idempotencyKey = params["idempotencyKey"] as? String
    }

    /// The reply to `getBalance`, with the user that was asked for: it belongs to this request and to no other.
    var answer: String { reply(#""result":{"userId":"\#(userId)","available":7,"held":0}"#) }

    /// - Parameter code: with `kind`, an error as the daemon has it.
    func refusal(_ code: Int, _ kind: String, retryable: Bool = false) -> String {
        reply(
            #""error":{"code":\#(code),"message":"No.","data":{"kind":"\#(kind)","retryable":\#(retryable),"hint":"H."}}"#
        )
    }

    /// A line with this id and these members.
    func reply(_ members: String) -> String { #"{"jsonrpc":"2.0","id":\#(id),\#(members)}"# + "\n" }
}
