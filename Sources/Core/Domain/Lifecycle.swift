/// The table of the lifecycle: the effect of each report in each status. Pure functions.
package enum Lifecycle {
    package enum Decision: Sendable, Equatable {
        /// pending → processing.
        case start
        /// A further report while processing renews the lease.
        case renew
        /// The first verdict. `startedToo`: the project completed without a report that it started, so both events are
        /// written.
        case finish(startedToo: Bool)
        /// The same verdict again: nothing changes.
        case alreadySo
        /// The project has another verdict. The report is only written to the history.
        case contradicted
        /// No report may have this status.
        case invalid

        package var isAccepted: Bool { self != .contradicted && self != .invalid }
    }

    package static func decide(from status: Status, report: Status) -> Decision {
        switch (status, report) {
        case (_, .pending): .invalid
        case (.pending, .processing): .start
        case (.processing, .processing): .renew
        case (.pending, .completed): .finish(startedToo: true)
        case (.pending, .failed), (.processing, _): .finish(startedToo: false)
        case (.completed, .completed), (.failed, .failed): .alreadySo
        case (.completed, _), (.failed, _): .contradicted
        }
    }
}
