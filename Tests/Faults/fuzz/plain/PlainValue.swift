/// A strict JSON text (RFC 8259 and 7493), read a second time in the plainest way there is.
package indirect enum PlainValue {
    case object([(name: [UInt8], value: PlainValue)])
    case array([PlainValue])
    case string([UInt8], raw: [UInt8])
    case number([UInt8])
    case word([UInt8])

    /// nil: not one strict JSON text.
    package static func read(_ text: [UInt8], maximumDepth: Int = 64) -> PlainValue? {
        // All that may stand outside of strings is ASCII, so that the whole text may be checked at once.
        guard String(validating: text, as: UTF8.self) != nil else { return nil }
        var reader = PlainReader(text: text, maximumDepth: maximumDepth)
        guard let value = reader.value(depth: 0) else { return nil }
        reader.skipSpace()
        return reader.isAtEnd ? value : nil
    }

    package subscript(_ name: String) -> PlainValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == Array(name.utf8) }?.value
    }
}
