internal import LifecycleCore

/// The id by which a heartbeat named its project.
enum LeaseName: Hashable, Sendable {
    case project(ProjectID)
    /// As UTF-8: Swift takes two strings for equal that the daemon tells apart.
    case external([UInt8])

    init(_ reference: ProjectReference) {
        switch reference {
        case .projectID(let id): self = .project(id)
        case .externalID(let id): self = .external(Array(id.utf8))
        }
    }

    fileprivate var projectId: ProjectID? { if case .project(let id) = self { id } else { nil } }
    fileprivate var externalId: String? {
        if case .external(let id) = self { String(decoding: id, as: UTF8.self) } else { nil }
    }
}

/// What a call means for a lease of the connection.
enum LeaseCall: Sendable {
    /// A heartbeat that attaches the lease.
    case attach(LeaseName)
    /// A heartbeat that detaches the lease.
    case detach(LeaseName)
    /// A heartbeat that pauses its project, which detaches the lease.
    case pause(LeaseName)
    /// Another call whose answer has the project's status.
    case look(LeaseName)

    var name: LeaseName {
        switch self {
        case .attach(let name), .detach(let name), .pause(let name), .look(let name): name
        }
    }

    /// Reads the request in the same way as the daemon: its parameters may stand by name or by position.
    init?(_ request: OutgoingRequest) {
        guard request.method.hasSameBytes(as: Heartbeat.name),
            let params = try? JSONDocument(parsing: request.params).root,
            let heartbeat: Heartbeat = try? ParamsReader.read(params),
            let reference = try? heartbeat.reference
        else { return nil }
        let name = LeaseName(reference)
        self =
            switch heartbeat.attach {
            case true?: .attach(name)
            case false?: .detach(name)
            case nil: heartbeat.pause == nil ? .look(name) : .pause(name)
            }
    }

    /// The request that the transport sends by itself.
    func request(timeout: Duration) -> OutgoingRequest {
        var params = JSONWriter(capacity: 128)
        let (projectId, externalId) = (name.projectId, name.externalId)
        if case .attach = self {
            Heartbeat(projectId: projectId, externalId: externalId, attach: true).write(to: &params)
            return OutgoingRequest(Heartbeat.name, params: params.take(), isRepeatable: true, timeout: timeout)
        }
        GetStatus(projectId: projectId, externalId: externalId).write(to: &params)
        return OutgoingRequest(GetStatus.name, params: params.take(), isRepeatable: true, timeout: timeout)
    }
}
