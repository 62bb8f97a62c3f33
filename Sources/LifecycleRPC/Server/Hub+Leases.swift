internal import LifecycleCore
internal import NIOCore

/// Leases that connections hold.
extension Hub {
    /// The connection holds the project's lease from now on, whoever did before.
    func attach(_ project: ProjectID, to connection: ConnectionHandler) {
        holders.attach(project, to: ObjectIdentifier(connection))
        // It has ended since it asked.
        if connections[ObjectIdentifier(connection)] == nil { detachAll(of: connection) }
    }

    /// The connection holds the lease no more: its end means nothing to the project.
    func detach(_ project: ProjectID, from connection: ConnectionHandler) {
        holders.detach(project, from: ObjectIdentifier(connection))
    }

    /// The connection has ended: what it still holds has the detach grace left.
    func detachAll(of connection: ConnectionHandler) {
        let lost = holders.end(ObjectIdentifier(connection))
        // When we stop it is we who end the connections: their holders come back to the next daemon.
        guard !lost.isEmpty, !isDraining else { return }
        let hub = NIOLoopBound(self, eventLoop: eventLoop)
        submitOwn(LostHolder.detachments(of: lost)) {
            // Another connection's attachment may have been carried out before and become known here after it.
            let found = lost.filter { hub.value.holders.isHeld($0) }
            hub.value.submitOwn(LostHolder.restorations(of: found)) {}
        }
    }

    private func submitOwn(_ writes: [BoundCall.Write], _ completion: @escaping @Sendable () -> Void) {
        for (index, write) in writes.enumerated() {
            let (telemetry, isLast) = (telemetry, index == writes.count - 1)
            store.writes.submitOwn(
                WriteJob(worksOnFullDisk: true, caller: .daemon, run: write) { outcome in
                    telemetry.log(outcome, by: .daemon)
                    if isLast { completion() }
                })
        }
    }

    /// Nobody needs to hold what has ended.
    func release(_ steps: [NewEvent]) {
        for step in steps where step.kind == .completed || step.kind == .failed {
            if let project = step.project { holders.release(project.id) }
        }
    }
}
