/// Decides when the connection may be closed, and which task or thread writes to it.
extension SocketTransport.State {
    /// No call needs the connection, and no lease is attached to it.
    var isIdle: Bool { calls.isEmpty && leases.isEmpty }

    /// Moves the lines that may be sent to the connection.
    /// - Returns: the socket if there are bytes to write and nobody is writing: the caller must then write.
    mutating func beginWriting() -> UnixSocket? {
        // While the socket is full, lines stay in `calls`: a call that times out is then removed and never sent.
        guard connection?.waitsForRoom == false else { return nil }
        connection?.outgoing += calls.takeLines()
        guard let current = connection, !current.isWriting, !current.outgoing.isEmpty else { return nil }
        connection?.isWriting = true
        return current.socket
    }

    /// The bytes that the writer must write next. `nil`: it is not the writer any more.
    mutating func takeOutgoing(for socket: UnixSocket) -> [UInt8]? {
        guard connection?.socket === socket else { return nil }
        guard let bytes = connection?.outgoing, !bytes.isEmpty else {
            connection?.isWriting = false
            return nil
        }
        connection?.outgoing = []
        connection?.handedOver += bytes.count
        return bytes
    }

    /// Takes back the bytes that the kernel did not take. The caller is not the writer any more.
    mutating func putBack(_ rest: ArraySlice<UInt8>, for socket: UnixSocket) {
        guard connection?.socket === socket else { return }
        connection?.outgoing.insert(contentsOf: rest, at: 0)
        connection?.handedOver -= rest.count
        connection?.isWriting = false
        connection?.waitsForRoom = true
    }
}
