internal import Glibc
internal import LifecycleCore

extension DaemonConfiguration {
    /// The most that fits into `sockaddr_un.sun_path` with its NUL.
    static let maximumSocketPathBytes = 107
    private static let maximumIdleExit: Int64 = 31_536_000
    /// What Linux allows (`LOGIN_NAME_MAX` and `groupadd` agree).
    private static let maximumGroupNameBytes = 32

    /// Checks every value by itself and the default clocks against the longest ones. Looks at the database path, but
    /// opens nothing.
    package func validate() throws(ConfigurationError) {
        try validatePaths()
        try Self.check(.idleExit, idleExit, 0...Self.maximumIdleExit, "seconds")
        for limit in LimitSetting.table { try validate(limit) }
        for (setting, name) in [
            (Setting.readerGroup, groups.reader), (.agentGroup, groups.agent), (.appGroup, groups.app),
            (.adminGroup, groups.admin),
        ] {
            try Self.checkGroup(setting, name)
        }
    }

    private func validatePaths() throws(ConfigurationError) {
        if let socketPath {
            guard !socketPath.isEmpty else { throw ConfigurationError(.socket, "must not be empty") }
            let size = socketPath.utf8.count
            guard size <= Self.maximumSocketPathBytes else {
                throw ConfigurationError(
                    .socket, "must be at most \(Self.maximumSocketPathBytes) bytes long, not \(size)", kind: .path)
            }
        }
        guard !databasePath.isEmpty else { throw ConfigurationError(.database, "must not be empty") }
        var status = stat()
        guard stat(databasePath, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR else {
            throw ConfigurationError(
                .database, "must be a file, but \(quoted: databasePath) is a folder", kind: .path)
        }
    }

    private func validate(_ limit: LimitSetting) throws(ConfigurationError) {
        let value = limit.value(limits)
        guard let ceiling = limit.ceiling.flatMap(LimitSetting.named) else {
            return try Self.check(limit.setting, value, limit.range, limit.unit)
        }
        // Its own range comes first, and has the same end: were it over, the message would name a strange ceiling.
        try Self.check(ceiling.setting, ceiling.value(limits), ceiling.range, ceiling.unit)
        let range = limit.range.clamped(to: limit.range.lowerBound...ceiling.value(limits))
        try Self.check(limit.setting, value, range, "\(limit.unit) (\(ceiling.setting.flag))")
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
                "must be the name of a Unix group, 1 to \(maximumGroupNameBytes) bytes, or a group id, not \(quoted: name)")
        }
    }
}
