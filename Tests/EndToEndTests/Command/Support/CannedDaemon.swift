import Foundation
import TestSupport

/// A stand-in that gives every request the same result, for what a real daemon would never say.
final class CannedDaemon: Sendable {
    private let socket: String
    private let folder: ScratchFolder
    private let listener: UnixSocket

    private init(result: String) throws {
        folder = try ScratchFolder()
        socket = folder.file("s")
        listener = try UnixSocket(path: socket)
        let descriptor = dup(listener.descriptor)
        Thread.detachNewThread {
            let connection = accept(descriptor, nil, nil)
            var request = [UInt8](repeating: 0, count: 65_536)
            // The client's first id is 1.
            if recv(connection, &request, request.count, 0) > 0 {
                let reply = Array("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\(result)}\n".utf8)
                send(connection, reply, reply.count, Int32(MSG_NOSIGNAL))
            }
            _ = recv(connection, &request, request.count, 0)
            close(connection)
            close(descriptor)
        }
    }

    /// Runs a command against one.
    static func answer(_ result: String, to arguments: String...) throws -> Command {
        let daemon = try CannedDaemon(result: result)
        return try Command(arguments, socket: daemon.socket)
    }

    deinit { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }
}
