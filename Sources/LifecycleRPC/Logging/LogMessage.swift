package import Logging

/// Every message that the daemon logs, with its id in journald and in the catalog (`systemd/lifecycle-rpc.catalog`,
/// `journalctl -x`). An id never changes and is never used again, because people and monitors filter by it.
package enum LogMessage: Sendable, CaseIterable {
    // Events of projects and credits.
    case projectCreated, statusUpdated, projectFailed, creditsRefunded, creditsGranted, creditsAdjusted
    case externalIDRecorded, cancelRequested, projectPaused, projectResumed, reportRefused, requestRefused
    // The storage.
    case outcomeUnknown, storageRefused, storageFailed, ledgerInconsistent, uncleanLastRun, databaseInOrder
    case databaseUnchecked, logGrows, logCheckpointed
    // The process.
    case ready, stopping, stoppingIdle, listenerLost, endedByFailure, clockJumped
    // Callers and connections.
    case groupsMissing, unmappedID, fewOpenFiles, connectionRefused, watcherStalled
    // Backups and retention.
    case backupMade, backupFailed, historyRemoved, historyKept
    // The log itself.
    case recordsDropped

    package var level: Logger.Level { definition.level }

    /// The text. It is always the same: everything that differs is in the fields.
    package var text: String { definition.text }

    /// 128 bits, as 32 hexadecimal digits.
    package var id: String { definition.id }

    private var definition: (level: Logger.Level, id: String, text: String) {
        switch self {
        case .projectCreated: (.info, "86deb5be981f47edb3b4b8f16f9024d3", "project created")
        case .statusUpdated: (.info, "148e1449397e477380d1b7e0891d95e2", "status updated")
        case .projectFailed: (.info, "1ccc38fb52d24a548ffc937b3b211957", "project failed")
        case .creditsRefunded: (.info, "6cc17fb2212a438fadbe662692f810cc", "credits refunded")
        case .creditsGranted: (.info, "e53c14e914534b03b3f083cca0618bbe", "credits granted")
        case .creditsAdjusted: (.info, "72e7d16c06e64398bc9a5d9f5e2e371e", "credits adjusted")
        case .externalIDRecorded: (.info, "dbba722e3f4446ed8853a5434932a4fc", "external id recorded")
        case .cancelRequested: (.info, "33ed62834177482bab8cf28040bde8ea", "cancel requested")
        case .projectPaused: (.info, "a06e6510316844558a9f03856447d551", "project paused")
        case .projectResumed: (.info, "0d2b8b7218a94b32bc1dbfd053f52f69", "project resumed")
        case .reportRefused: (.info, "a99ed699e02f4e55a855755f049b1f60", "report refused")
        case .requestRefused: (.info, "fa6dd261d83e4a05804b12e4d5c7ea3b", "request refused")
        case .outcomeUnknown: (.error, "59e24dfbb5a84ac9a3e234ee1922f14d", "outcome unknown")
        case .storageRefused: (.error, "3e2dbb1f1d1c4ab3a9647940693d3fa2", "storage refused a request")
        case .storageFailed: (.critical, "a9aa058710d24b418556c052504e95f4", "storage failed")
        case .ledgerInconsistent: (.critical, "0f8c651a739342738ff6b20d64cdfe56", "the ledger is inconsistent")
        case .uncleanLastRun:
            (
                .notice, "58306c188e314bf28773afa51bb0e524",
                "the last run did not end in order; checking the database in the background"
            )
        case .databaseInOrder: (.notice, "2a5820e7303c4c318de11367d985a20a", "the database is in order")
        case .databaseUnchecked: (.error, "b6448a8c1f124ae79167c3b9bda00a69", "the database could not be checked")
        case .logGrows: (.error, "f04f06dae4f04f4cb27e58fd19cc7fb1", "the write-ahead log cannot be checkpointed")
        case .logCheckpointed:
            (.notice, "145a6232e13d44dabf103c48f720843b", "the write-ahead log is checkpointed again")
        case .ready: (.notice, "d0a4a5de36344bb6b97094b86524c251", "ready")
        case .stopping: (.notice, "3618da442175406a981d0643c06387ab", "stopping")
        case .stoppingIdle:
            (
                .notice, "b7f14750a3de4926b91357186802d3c8",
                "stopping: no connection and no unfinished project"
            )
        case .listenerLost:
            (
                .critical, "5995888eb4f04df0b5ef8c1d6769c492",
                "the listener was lost; stopping for a restart"
            )
        case .endedByFailure: (.critical, "b13a606953904b269a8a91b581389ae7", "ended by a failure")
        case .clockJumped:
            (.notice, "6238becc10494858ba7cf9cb7bf27ad2", "the clock was set, or the machine slept")
        case .groupsMissing:
            (
                .notice, "bd355da2f76840889054dd293127301d",
                "groups do not exist, so nobody has their roles"
            )
        case .unmappedID:
            (
                .warning, "453aa1bca06c427a85d66f5d2fa2401e",
                "an id that stands for unmapped users matches nobody"
            )
        case .fewOpenFiles:
            (
                .warning, "736aaae8f9784f30bbc500bb85c992cf",
                "fewer open files are allowed than the connections may need"
            )
        case .connectionRefused: (.warning, "9910b043192b4144aa932ab12ea1e397", "connections refused")
        case .watcherStalled: (.notice, "71364841d5c2433e939b6c1976a2cd35", "watcher closed: it does not read")
        case .backupMade: (.notice, "cd3c61c4f86d4a07830e43b6cc90f318", "backup made")
        case .backupFailed: (.warning, "073c5d1d27794a3b8688b65a04eea846", "no backup was made")
        case .historyRemoved: (.notice, "26f80e1bd03940ac905f81308c8754e5", "history removed")
        case .historyKept: (.notice, "367715fc38754c369134daa1ed959834", "history not removed")
        case .recordsDropped: (.warning, "ce099b5eade84e1eaa229283c730d001", "log records dropped")
        }
    }
}

extension LogMessage {
    /// The journal field with the id, by the text, because a log handler gets only the text of a message.
    static let journalFields = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0.text, Array("MESSAGE_ID=\($0.id)\n".utf8)) })
}
