internal import LifecycleCore

/// A setting that cannot be used.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// The text itself is wrong.
        case value
        /// The text is a path, and what it leads to cannot be used.
        case path
    }

    package let kind: Kind
    /// One line without a full stop, such as `--lease (LIFECYCLED_LEASE) must be from 1 to 86400 seconds, not 0`.
    package let description: String

    /// - Parameter reason: completes the sentence that begins with the flag and the variable.
    init(_ setting: Setting, _ reason: String, kind: Kind = .value) {
        self.kind = kind
        description = "\(setting.flag) (\(setting.variable)) \(reason)"
    }
}

extension DefaultStringInterpolation {
    /// Text from outside: in quotes, on one line and not too long.
    mutating func appendInterpolation(quoted text: String) {
        appendInterpolation("\"\(PeerText.escaped(text))\"")
    }
}
