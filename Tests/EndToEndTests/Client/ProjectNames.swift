import LifecycleCore

/// Two daemons give their projects different ids, at different times: what both say is compared with the order of
/// creation in the place of ids, and with one word in the place of times.
struct ProjectNames: Sendable {
    private var ids: [String] = []
    private var numbers: [String: Int] = [:]

    static let unknown = "00000000-0000-7000-8000-000000000000"

    var count: Int { ids.count }

    /// The text with every `<n>` replaced by that project's id, or by one that no project has.
    func ids(in text: String) -> String {
        var result = ""
        for (index, part) in text.split(separator: "<", omittingEmptySubsequences: false).enumerated() {
            let end = part.firstIndex(of: ">")
            if index > 0, let end, let number = Int(part[..<end]) {
                result += number < ids.count ? ids[number] : Self.unknown
                result += part[part.index(after: end)...]
            } else {
                result += (index > 0 ? "<" : "") + part
            }
        }
        return result
    }

    /// The text of a result or an error with `<time>` for every time and a number for every id, which an id gets when
    /// it is first seen.
    mutating func answer(_ result: Result<[UInt8], RPCError>) -> String {
        let text: [UInt8]
        switch result {
        case .success(let bytes): text = bytes
        case .failure(let error):
            var json = JSONWriter()
            error.write(to: &json)
            text = json.bytes
        }
        // By the hyphens: most texts have none, and the debug build is slow byte by byte.
        var named: [UInt8] = []
        var copied = 0
        var hyphen = text.firstIndex(of: UInt8(ascii: "-"))
        while let found = hyphen {
            var next = found + 1
            if let id = Self.part(of: text, (found - 8)..<(found + 28), like: Self.id), id.startIndex >= copied {
                named += text[copied..<id.startIndex]
                named += Array(name(of: String(decoding: id, as: UTF8.self)).utf8)
                (copied, next) = (id.endIndex, id.endIndex)
            } else if let time = Self.part(of: text, (found - 4)..<(found + 20), like: Self.time),
                time.startIndex >= copied
            {
                named += text[copied..<time.startIndex] + Array("<time>".utf8)
                (copied, next) = (time.endIndex, time.endIndex)
            }
            hyphen = text[next...].firstIndex(of: UInt8(ascii: "-"))
        }
        named += text[copied...]
        return String(decoding: named, as: UTF8.self)
    }

    private mutating func name(of id: String) -> String {
        if id == Self.unknown { return id }
        if let number = numbers[id] { return "<\(number)>" }
        numbers[id] = ids.count
        ids.append(id)
        return "<\(ids.count - 1)>"
    }

    private static let id = Array("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx".utf8)
    private static let time = Array("0000-00-00T00:00:00.000Z".utf8)

    /// - Parameter pattern: `0` stands for any digit, `x` for any of base 16.
    private static func part(of text: [UInt8], _ range: Range<Int>, like pattern: [UInt8]) -> ArraySlice<UInt8>? {
        guard range.lowerBound >= 0, range.upperBound <= text.count else { return nil }
        let isAlike = zip(text[range], pattern).allSatisfy { byte, expected in
            switch expected {
            case UInt8(ascii: "0"): (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            case UInt8(ascii: "x"): "0123456789abcdef".utf8.contains(byte)
            default: byte == expected
            }
        }
        return isAlike ? text[range] : nil
    }
}
