internal import Foundation
internal import NIOCore

/// One message of a live page's stream (Server-Sent Events).
struct LiveMessage: Encodable {
    /// A piece of the page, anew.
    struct Patch: Encodable {
        /// The id of the element that it replaces.
        var target: String
        /// Empty: the element goes.
        var html: String
        /// The id of the list that gets it in front when there is no such element yet.
        var list: String?
    }

    var patches: [Patch] = []
    /// For screen readers.
    var say: String?

    var isEmpty: Bool { patches.isEmpty }

    /// - Parameter id: the event that the page has then; where it goes on after a lost connection.
    func bytes(id: Int64?) -> ByteBuffer {
        let json = (try? JSONEncoder().encode(self)) ?? Data("{}".utf8)
        var bytes = ByteBuffer()
        bytes.writeString("event: patch\n")
        if let id { bytes.writeString("id: \(id)\n") }
        // An encoder's text is one line: a line feed in it is written \n.
        bytes.writeString("data: ")
        bytes.writeBytes(json)
        bytes.writeString("\n\n")
        return bytes
    }

    /// Half a minute without a byte looks dead to proxies; it also shows us who is gone.
    static let keepAlive = ByteBuffer(string: ": still here\n\n")

    /// When the connection is lost: come back after so many milliseconds.
    static let opening = ByteBuffer(string: "retry: 1000\n\n")

    /// What the page shows may be out of date: it is to be loaded anew.
    static let resync = ByteBuffer(string: "event: resync\ndata: {}\n\n")
}
