import Foundation
import LifecycleSystem
import TestSupport

/// A plain blocking socket to the daemon: what any client would have, and nothing that hides the bytes.
final class Connection: @unchecked Sendable {
    // Used by one task at a time.
    private(set) var descriptor: Int32
    private var buffer: [UInt8] = []
    private var lastID = 0

    /// - Parameter timeout: seconds that a read may take before it throws.
    init(_ path: String, timeout: Int = 60) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let code = UnixSocketAddress(path: path)?.with { connect(descriptor, $0, $1) }
        guard code == 0 else {
            let reason = errno
            Foundation.close(descriptor)
            descriptor = -1
            throw TestFailure("connect: \(String(cString: strerror(reason)))")
        }
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Foundation.close(descriptor) }
        descriptor = -1
    }

    /// No more requests; replies still come.
    func shutdownWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else {
                if count < 0, errno == EINTR { continue }
                throw TestFailure("send: \(String(cString: strerror(errno)))")
            }
            sent += count
        }
    }

    /// The next line without its LF; nil at the end.
    func line() throws -> String? {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                defer { buffer.removeSubrange(...end) }
                return String(decoding: buffer[..<end], as: UTF8.self)
            }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count == 0 {
                guard buffer.isEmpty else { throw TestFailure("the last line has no end") }
                return nil
            }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw TestFailure("recv: \(String(cString: strerror(errno)))")
            }
            buffer += chunk[..<count]
        }
    }

    /// All lines up to the end.
    func lines() throws -> [String] {
        var lines: [String] = []
        while let line = try line() { lines.append(line) }
        return lines
    }

    func reply() throws -> Reply {
        guard let line = try line() else { throw TestFailure("the connection ended") }
        return try Reply(line)
    }

    /// Sends a request and waits for its reply.
    func call(_ method: String, _ params: [String: Any] = [:]) throws -> Reply {
        lastID += 1
        try send(Self.request(method, params, id: lastID))
        return try reply()
    }

    /// A request line, with its LF.
    static func request(_ method: String, _ params: [String: Any] = [:], id: Int) throws -> String {
        let object: [String: Any] = ["jsonrpc": "2.0", "id": id, "method": method, "params": params]
        let text = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: text, as: UTF8.self) + "\n"
    }
}

/// A reply, as Foundation reads it: a second opinion on what the daemon writes.
struct Reply: @unchecked Sendable {
    // Holds JSON values only, which nobody changes.
    let line: String
    let object: [String: Any]

    init(_ line: String) throws {
        self.line = line
        guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
            throw TestFailure("not an object: \(line)")
        }
        self.object = object
    }

    var result: [String: Any]? { object["result"] as? [String: Any] }
    var error: [String: Any]? { object["error"] as? [String: Any] }
    var code: Int? { error?["code"] as? Int }
    var data: [String: Any]? { error?["data"] as? [String: Any] }
    var kind: String? { data?["kind"] as? String }

    /// A value inside of the result, by a path such as `project.status`.
    subscript(_ path: String) -> Any? {
        var value: Any? = result
        for name in path.split(separator: ".") { value = (value as? [String: Any])?[String(name)] }
        return value
    }

    func string(_ path: String) -> String? { self[path] as? String }
    func int(_ path: String) -> Int? { (self[path] as? NSNumber)?.intValue }
    func bool(_ path: String) -> Bool? { (self[path] as? NSNumber)?.boolValue }
}
