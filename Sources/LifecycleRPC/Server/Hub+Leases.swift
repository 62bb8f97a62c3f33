internal import LifecycleCore
internal import NIOCore

/// The leases of connections.
extension Hub {
    /// Makes the connection the lease holder of the project, in place of an earlier holder.
    func attach(_ project: ProjectID, to connection: ConnectionHandler) {
        holders.attach(project, to: ObjectIdentifier(connection))
        // The connection has ended since it sent the request.
        if connections[ObjectIdentifier(connection)] == nil { detachAll(of: connection) }
    }

    /// The connection is not the lease holder any more, so its end does not affect the project.
    func detach(_ project: ProjectID, from connection: ConnectionHandler) {
        holders.detach(project, from: ObjectIdentifier(connection))
    }

    /// The connection has ended: the projects whose leases it holds have their detach grace left.
    func detachAll(of connection: ConnectionHandler) {
        let lost = holders.end(ObjectIdentifier(connection))
        // While the daemon stops, the daemon itself ends the connections, and their clients connect to the next daemon.
        guard !lost.isEmpty, !isDraining else { return }
        let hub = NIOLoopBound(self, eventLoop: eventLoop)
        submitOwn(LostHolder.detachments(of: lost)) {
            // Another connection may have attached a lease before this write, with an outcome that arrived after it.
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

    /// Removes the leases of projects that have ended or are paused.
    func release(_ steps: [NewEvent]) {
        for step in steps where [.completed, .failed, .paused].contains(step.kind) {
            if let project = step.project { holders.release(project.id) }
        }
    }
}
