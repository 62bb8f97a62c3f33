internal import LifecycleCore

/// A setting that cannot be used.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// The value is wrong.
        case value
        /// The value is a path, and the file there cannot be used.
        case path
    }

    package let kind: Kind
    /// One line without a full stop, for example `--lease (LIFECYCLED_LEASE) must be from 1 to 86400 seconds, not 0`.
    package let description: String

    /// - Parameter reason: the end of the sentence that begins with the flag and the variable.
    init(_ setting: Setting, _ reason: String, kind: Kind = .value) {
        self.kind = kind
        description = "\(setting.flag) (\(setting.variable)) \(reason)"
    }
}

extension DefaultStringInterpolation {
    /// Text from the user: in quotes, on one line, and cut if it is too long.
    mutating func appendInterpolation(quoted text: String) {
        appendInterpolation("\"\(PeerText.escaped(text))\"")
    }
}
