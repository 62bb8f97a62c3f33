internal import Configuration
internal import Glibc
internal import LifecycleCore
internal import Logging

extension Setting {
    /// The limit of Linux (`LOGIN_NAME_MAX`) and of `groupadd`.
    private static let maximumGroupNameBytes = 32

    // MARK: Reading

    /// Reads the setting if it is set. It uses the functions of `ConfigReader` that throw, because the others return
    /// the default for a value that they cannot convert.
    func read(_ reader: ConfigReader, into configuration: inout DaemonConfiguration) async throws(ConfigurationError) {
        switch kind {
        case .path(let place, _), .group(let place):
            if let text = try await text(reader) { place.assign(&configuration, text) }
        case .logLevel(let place):
            guard let text = try await text(reader) else { return }
            guard let level = Logger.Level(rawValue: text) else {
                let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw ConfigurationError(self, "must be one of \(names), not \(quoted: text)")
            }
            place.assign(&configuration, level)
        case .number(let place, _, let unit, _):
            if let number = try await number(reader, unit) { place.assign(&configuration, number) }
        }
    }

    func text(_ reader: ConfigReader) async throws(ConfigurationError) -> String? {
        do {
            return try await reader.fetchString(forKey: ConfigKey([name]))
        } catch {
            throw ConfigurationError(self, "must be text")
        }
    }

    private func number(_ reader: ConfigReader, _ unit: String) async throws(ConfigurationError) -> Int64? {
        do {
            return try await reader.fetchInt(forKey: ConfigKey([name])).map { Int64($0) }
        } catch {
            let text = try await text(reader) ?? ""
            throw ConfigurationError(self, "must be a whole number of \(unit), not \(quoted: text)")
        }
    }

    // MARK: Checking

    /// Another setting is the upper limit of this one. Such limits are checked first, so that an error names the wrong
    /// setting.
    var hasCeiling: Bool {
        if case .number(_, _, _, .some) = kind { true } else { false }
    }

    /// Checks the value. It opens no file.
    func check(_ configuration: DaemonConfiguration) throws(ConfigurationError) {
        switch kind {
        case .path(let place, let maximumBytes):
            if let path = place.value(configuration) { try check(path: path, maximumBytes: maximumBytes) }
        case .group(let place):
            if let name = place.value(configuration) { try check(group: name) }
        case .logLevel: break
        case .number(let place, let range, let unit, let ceiling):
            guard let value = place.value(configuration) else { return }
            var range = range
            if let ceiling = ceiling.flatMap(Setting.named), case .number(let place, _, _, _) = ceiling.kind,
                let most = place.value(configuration)
            {
                guard value <= most else {
                    throw ConfigurationError(
                        self, "must be at most \(most) \(unit), which is \(ceiling.flag), not \(value)")
                }
                range = range.clamped(to: 0...most)
            }
            guard range.contains(value) else {
                throw ConfigurationError(
                    self, "must be from \(range.lowerBound) to \(range.upperBound) \(unit), not \(value)")
            }
        }
    }

    private func check(path: String, maximumBytes: Int) throws(ConfigurationError) {
        guard !path.isEmpty else { throw ConfigurationError(self, "must not be empty") }
        // Swift replaces bytes that are not UTF-8 by U+FFFD, so the path is not the one that the user gave.
        guard !path.unicodeScalars.contains("\u{FFFD}") else {
            throw ConfigurationError(self, "must be UTF-8", kind: .path)
        }
        let size = path.utf8.count
        guard size <= maximumBytes else {
            throw ConfigurationError(self, "must be at most \(maximumBytes) bytes long, not \(size)", kind: .path)
        }
    }

    private func check(group name: String) throws(ConfigurationError) {
        if !name.isEmpty, name.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // The largest one means "no group" to the kernel.
            guard let number = gid_t(name), number < gid_t.max else {
                throw ConfigurationError(self, "must be a group id from 0 to \(gid_t.max - 1), not \(quoted: name)")
            }
            return
        }
        let isName = name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") }
        guard !name.isEmpty, name.utf8.count <= Self.maximumGroupNameBytes, isName else {
            throw ConfigurationError(
                self,
                "must be the name of a Unix group, 1 to \(Self.maximumGroupNameBytes) bytes, or a group id, "
                    + "not \(quoted: name)")
        }
    }
}

extension Setting.Kind {
    /// The value as a text that could be given for the setting.
    func text(in configuration: DaemonConfiguration) -> String {
        switch self {
        case .path(let place, _), .group(let place): place.value(configuration) ?? ""
        case .logLevel(let place): place.value(configuration)?.rawValue ?? ""
        case .number(let place, _, _, _): place.value(configuration).map(String.init) ?? ""
        }
    }
}
