import Foundation
import TestSupport

/// A real daemon, one of whose connections goes through a hand that edits its replies: for what a daemon that is well
/// never says.
final class EditedDaemon: Sendable {
    let socket: String
    private let daemon: TestDaemon
    private let folder: ScratchFolder
    private let listener: UnixSocket

    init(_ edit: @escaping @Sendable (inout [String: Any]) -> Void) throws {
        daemon = try TestDaemon()
        folder = try ScratchFolder()
        socket = folder.file("s")
        listener = try UnixSocket(path: socket)
        let descriptor = dup(listener.descriptor)
        let upstream = try daemon.connect()
        Thread.detachNewThread {
            let client = accept(descriptor, nil, nil)
            defer {
                close(client)
                close(descriptor)
            }
            var request = [UInt8](repeating: 0, count: 65_536)
            while true {
                // The command sends its next request when it has the answer to the last one.
                let count = recv(client, &request, request.count, 0)
                guard count > 0, let reply = try? Self.answer(Array(request[..<count]), by: upstream, edit)
                else { return }
                var sent = 0
                while sent < reply.count {
                    let more = reply[sent...].withUnsafeBytes {
                        send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                    guard more > 0 else { return }
                    sent += more
                }
            }
        }
    }

    private static func answer(
        _ request: [UInt8], by upstream: Connection, _ edit: (inout [String: Any]) -> Void
    ) throws -> [UInt8] {
        try upstream.send(request)
        var object = try upstream.reply().object
        edit(&object)
        return [UInt8](try JSONSerialization.data(withJSONObject: object)) + [10]
    }

    deinit { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }
}
