/// The table of the lifecycle: which report does what in which status. Pure.
package enum Lifecycle {
    package enum Decision: Sendable, Equatable {
        /// pending → processing.
        case start
        /// A further sign of life while processing.
        case renew
        /// The first verdict. `startedToo`: completed though no start was ever reported, so both events are written.
        case finish(startedToo: Bool)
        /// The same verdict again: nothing changes.
        case alreadySo
        /// Another verdict stands; the report goes to the history only.
        case contradicted
        /// No report may say this.
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
