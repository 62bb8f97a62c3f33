internal import Glibc
internal import LifecycleCore
internal import LifecycleSystem

extension DaemonConfiguration {
    private static let maximumIdleExit: Int64 = 31_536_000
    private static let maximumKeepDays: Int64 = 36_500
    /// What Linux allows (`LOGIN_NAME_MAX` and `groupadd` agree).
    private static let maximumGroupNameBytes = 32

    /// Checks every value by itself and the default clocks against the longest ones. Looks at the database path, but
    /// opens nothing.
    package func validate() throws(ConfigurationError) {
        try validatePaths()
        try Self.check(.idleExit, idleExit, 0...Self.maximumIdleExit, "seconds")
        try Self.check(.keepDays, keepDays, 0...Self.maximumKeepDays, "days")
        try validateLimits()
        for (setting, name) in [
            (Setting.readerGroup, groups.reader), (.agentGroup, groups.agent), (.appGroup, groups.app),
            (.adminGroup, groups.admin),
        ] {
            try Self.checkGroup(setting, name)
        }
    }

    private func validatePaths() throws(ConfigurationError) {
        if let socketPath {
            try Self.checkPath(.socket, socketPath)
            let size = socketPath.utf8.count
            guard size <= UnixSocketAddress.maximumPathBytes else {
                throw ConfigurationError(
                    .socket, "must be at most \(UnixSocketAddress.maximumPathBytes) bytes long, not \(size)",
                    kind: .path)
            }
        }
        if let backupFolder { try Self.checkPath(.backupFolder, backupFolder) }
        try Self.checkPath(.database, databasePath)
        var status = stat()
        guard stat(databasePath, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR else {
            throw ConfigurationError(
                .database, "must be a file, but \(quoted: databasePath) is a folder", kind: .path)
        }
    }

    private static func checkPath(_ setting: Setting, _ path: String) throws(ConfigurationError) {
        guard !path.isEmpty else { throw ConfigurationError(setting, "must not be empty") }
        // Swift has put this in place of bytes that are no UTF-8: it is another path than the one that was meant.
        guard !path.unicodeScalars.contains("\u{FFFD}") else {
            throw ConfigurationError(setting, "must be UTF-8", kind: .path)
        }
    }

    private func validateLimits() throws(ConfigurationError) {
        // Those that bound others come first: a wrong one is to be named itself.
        for limit in LimitSetting.table where limit.ceiling == nil {
            try Self.check(limit.setting, limit.value(limits), limit.range, limit.unit)
        }
        for limit in LimitSetting.table {
            guard let ceiling = limit.ceiling.flatMap(LimitSetting.named) else { continue }
            let value = limit.value(limits)
            let most = ceiling.value(limits)
            guard value <= most else {
                throw ConfigurationError(
                    limit.setting,
                    "must be at most \(most) \(limit.unit), which is \(ceiling.setting.flag), not \(value)")
            }
            try Self.check(limit.setting, value, limit.range.clamped(to: 0...most), limit.unit)
        }
    }

    private static func check(
        _ setting: Setting, _ value: Int64, _ range: ClosedRange<Int64>, _ unit: String
    ) throws(ConfigurationError) {
        guard range.contains(value) else {
            throw ConfigurationError(
                setting, "must be from \(range.lowerBound) to \(range.upperBound) \(unit), not \(value)")
        }
    }

    private static func checkGroup(_ setting: Setting, _ name: String) throws(ConfigurationError) {
        if !name.isEmpty, name.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // The largest one means "no group" to the kernel.
            guard let number = gid_t(name), number < gid_t.max else {
                throw ConfigurationError(setting, "must be a group id from 0 to \(gid_t.max - 1), not \(quoted: name)")
            }
            return
        }
        let isName = name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") }
        guard !name.isEmpty, name.utf8.count <= maximumGroupNameBytes, isName else {
            throw ConfigurationError(
                setting,
                "must be the name of a Unix group, 1 to \(maximumGroupNameBytes) bytes, or a group id, "
                    + "not \(quoted: name)")
        }
    }
}
