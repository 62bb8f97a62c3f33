internal import LifecycleCore

/// Text that others wrote, as it may go to a terminal: on one line, and without a character that does something.
enum SafeText {
    static func line(_ text: String) -> String { PeerText.escaped(text, maximumBytes: .max) }

    /// A word for a shell's command line.
    static func shellWord(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || "-._:/@".utf8.contains(byte)
        }
        if isPlain, !text.isEmpty { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'"'"'"#) + "'"
    }

    /// The same JSON with its invisible characters written as escapes. A strict JSON text has such characters only
    /// within strings.
    static func json(_ text: String) -> String {
        var safe = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\n" || !PeerText.isInvisible(scalar) {
                safe.append(scalar)
            } else {
                for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                    let digits = String(unit, radix: 16)
                    let zeros = String(repeating: "0", count: 4 - digits.count)
                    safe.append(contentsOf: "\\u\(zeros)\(digits)".unicodeScalars)
                }
            }
        }
        return String(safe)
    }
}
