extension Unicode.Scalar {
    /// Columns on a terminal: 2 for wide East Asian characters and emoji, 0 for combining marks, else 1.
    var width: Int {
        if value < 0x300 { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: return properties.isEmojiPresentation || Self.wide.contains { $0.contains(value) } ? 2 : 1
        }
    }

    /// Unicode blocks whose characters are "East Asian Wide".
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
        0x20000...0x3FFFD,
    ]
}

extension String {
    /// Columns on a terminal.
    var width: Int { unicodeScalars.reduce(0) { $0 + $1.width } }

    /// The longest prefix that fits into this number of columns.
    func prefix(columns: Int) -> String {
        guard width > columns else { return self }
        var used = 0
        let kept = unicodeScalars.prefix { scalar in
            used += scalar.width
            return used <= columns
        }
        return String(kept)
    }
}
