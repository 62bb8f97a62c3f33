internal import LifecycleCore

extension Telemetry {
    /// Logs one entry for each event of a write, after its COMMIT, so that everything in the log is on disk.
    /// - Parameter method: `nil` if the daemon made the write by itself.
    func log(_ outcome: WriteOutcome, by caller: Caller, calling method: String? = nil) {
        if log.writes(.projectCreated) {
            for step in outcome.steps { log(step, by: caller, calling: method) }
        }
        if case .failure(let error) = outcome.result, !error.keepsWrites { log(error, by: caller, calling: method) }
    }

    private func log(_ error: RPCError, by caller: Caller, calling method: String?) {
        var fields: LogFields = [.errorCode: error.kind.name, .detail: error.message]
        fields.name(caller)
        fields[.method] = method
        if let project = error.subject?.project { fields[.project] = "\(project.id)" }
        fields[.user] = error.subject?.userId
        if let credits = error.subject?.credits { fields[.credits] = credits.description }
        log.write(error.kind == .outcomeUnknown ? .outcomeUnknown : .requestRefused, fields)
    }

    private func log(_ step: NewEvent, by caller: Caller, calling method: String?) {
        var fields = LogFields()
        fields.name(caller)
        fields[.user] = step.userId
        fields[.credits] = step.credits.description
        if let method { fields[.method] = method }
        if let project = step.project { fields[.project] = "\(project.id)" }
        if let detail = step.detail { fields[.detail] = detail }
        if let code = step.errorCode { fields[.errorCode] = code }
        switch step.kind {
        case .created: log.write(.projectCreated, fields)
        case .processing, .completed:
            fields[.status] = step.kind.rawValue
            log.write(.statusUpdated, fields)
        case .failed:
            log.write(.projectFailed, fields)
            log.write(.creditsRefunded, fields)
        case .externalIdRecorded: log.write(.externalIDRecorded, fields)
        case .cancelRequested: log.write(.cancelRequested, fields)
        case .reportRefused: log.write(.reportRefused, fields)
        case .paused: log.write(.projectPaused, fields)
        case .resumed: log.write(.projectResumed, fields)
        case .granted: log.write(.creditsGranted, fields)
        case .adjusted: log.write(.creditsAdjusted, fields)
        }
    }
}

extension LogFields {
    /// Adds the caller.
    mutating func name(_ caller: Caller) {
        self[.callerUid] = caller.uid.description
        self[.callerPid] = caller.pid.description
    }
}
