/// What may be closed, and what may be written.
extension SocketTransport.State {
    /// Nothing hangs on the connection: no call, and no lease that would be lost with it.
    var isIdle: Bool { calls.isEmpty && leases.isEmpty }

    /// Moves what may be sent to the connection.
    /// - Returns: the socket, when there is something to write and nobody writes yet: the caller must.
    mutating func beginWriting() -> UnixSocket? {
        // Lines that wait for room stay calls: those whose time is over meanwhile take no memory and are never sent.
        guard connection?.waitsForRoom == false else { return nil }
        connection?.outgoing += calls.takeLines()
        guard let current = connection, !current.isWriting, !current.outgoing.isEmpty else { return nil }
        connection?.isWriting = true
        return current.socket
    }

    /// What the writer is to write next; nil ends its turn.
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

    /// What the kernel did not take; ends the writer's turn.
    mutating func putBack(_ rest: ArraySlice<UInt8>, for socket: UnixSocket) {
        guard connection?.socket === socket else { return }
        connection?.outgoing.insert(contentsOf: rest, at: 0)
        connection?.handedOver -= rest.count
        connection?.isWriting = false
        connection?.waitsForRoom = true
    }
}
