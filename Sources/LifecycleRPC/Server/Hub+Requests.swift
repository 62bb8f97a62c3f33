internal import LifecycleCore
internal import NIOCore

/// Carries out the requests of connections.
extension Hub {
    func read(_ read: BoundCall.Read, from caller: Caller) -> ReadOutcome {
        reader.run(read, environment.context(caller))
    }

    /// Has the due projects expired, then carries out the read.
    func read(_ read: @escaping BoundCall.Read, after due: Due, for connection: ConnectionHandler, _ ticket: Int) {
        let connection = NIOLoopBound(connection, eventLoop: eventLoop)
        let hub = NIOLoopBound(self, eventLoop: eventLoop)
        // The next read needs a snapshot after the expiry.
        reader.endSnapshot()
        store.writes.expire(due) {
            let (hub, connection) = (hub.value, connection.value)
            guard connection.context != nil else { return connection.finish(ticket, with: .failure(.stopping)) }
            hub.reader.endSnapshot()
            switch hub.read(read, from: connection.caller) {
            case .answered(let outcome, let effects): hub.finish(connection, ticket, with: outcome, effects)
            case .due(let due): hub.read(read, after: due, for: connection, ticket)
            }
            hub.reader.endSnapshot()
        }
    }

    /// Whether the last read may have seen a commit that a power cut can still undo.
    var mayHaveReadUndurable: Bool { store.durability?.isBehind ?? false }

    /// Answers a read when everything that it saw is durable.
    func finish(
        _ connection: ConnectionHandler, _ ticket: Int, with outcome: Result<Reply, RPCError>,
        _ effects: [ConnectionEffect]
    ) {
        guard let durability = store.durability else { return connection.finish(ticket, with: outcome, effects) }
        let connection = NIOLoopBound(connection, eventLoop: eventLoop)
        durability.whenDurable { [eventLoop] error in
            eventLoop.execute {
                connection.value.finish(ticket, with: error.map { .failure(RPCError($0)) } ?? outcome, effects)
            }
        }
    }

    func scan(_ read: @escaping BoundCall.Read, isWhole: Bool, for connection: ConnectionHandler, _ ticket: Int) {
        let context = environment.context(connection.caller)
        let source = ObjectIdentifier(connection)
        let connection = NIOLoopBound(connection, eventLoop: eventLoop)
        store.scans.submit(read, context, isWhole: isWhole, source: source) { outcome, effects in
            connection.value.finish(ticket, with: outcome, effects)
        }
    }

    func write(
        _ write: @escaping BoundCall.Write, of call: Dispatcher.Call, worksOnFullDisk: Bool,
        for connection: ConnectionHandler, _ ticket: Int
    ) {
        let caller = connection.caller
        let source = ObjectIdentifier(connection)
        let connection = NIOLoopBound(connection, eventLoop: eventLoop)
        let hub = NIOLoopBound(self, eventLoop: eventLoop)
        let (telemetry, method) = (telemetry, call.method)
        jobs.append(
            WriteJob(worksOnFullDisk: worksOnFullDisk, caller: caller, source: source, run: write) { outcome in
                telemetry.log(outcome, by: caller, calling: method)
                hub.value.release(outcome.steps)
                connection.value.finish(ticket, with: outcome.result, outcome.effects)
            })
    }
}
