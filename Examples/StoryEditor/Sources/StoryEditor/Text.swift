extension String {
    /// The daemon refuses them in ids, keys and names: below U+0020, and U+007F to U+009F.
    var hasControlCharacters: Bool { unicodeScalars.contains { $0.properties.generalCategory == .control } }
}
