internal import LifecycleCore

/// Two daemons give their projects different ids: what both say is compared with the order of creation in their place.
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

    /// The text of a result or an error with a number for every id, which an id gets when it is first seen.
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
            let (start, end) = (found - 8, found + 28)
            var next = found + 1
            if start >= copied, end <= text.count, Self.isID(text[start..<end]) {
                named += text[copied..<start]
                named += Array(name(of: String(decoding: text[start..<end], as: UTF8.self)).utf8)
                (copied, next) = (end, end)
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

    private static func isID(_ text: ArraySlice<UInt8>) -> Bool {
        text.enumerated().allSatisfy { index, byte in
            [8, 13, 18, 23].contains(index)
                ? byte == UInt8(ascii: "-") : "0123456789abcdef".utf8.contains(byte)
        }
    }
}
