/// What is answered to a line, by the text of JSON-RPC 2.0 alone.
package enum PlainAnswer {
    /// To one request, with this id.
    case one(id: [UInt8])
    case batch(ids: [[UInt8]])

    private static let null = Array("null".utf8)
    private static let version = Array("2.0".utf8)

    /// nil: nothing.
    /// - Parameter root: what the line is; nil when it is no JSON.
    package init?(to root: PlainValue?, maximumBatch: Int) {
        guard let root else {
            self = .one(id: Self.null)
            return
        }
        guard case .array(let requests) = root else {
            guard let id = Self.id(of: root) else { return nil }
            self = .one(id: id)
            return
        }
        guard (1...maximumBatch).contains(requests.count) else {
            self = .one(id: Self.null)
            return
        }
        let ids = requests.compactMap(Self.id(of:))
        if ids.isEmpty { return nil }
        self = .batch(ids: ids)
    }

    /// nil: a notification. What is no request is answered, too.
    private static func id(of request: PlainValue) -> [UInt8]? {
        guard case .object = request else { return null }
        var id: [UInt8]?
        switch request["id"] {
        case .string(_, let raw): id = raw
        case .number(let digits): id = digits
        case .word(null): id = null
        case nil: break
        default: return null
        }
        guard case .string(version, _) = request["jsonrpc"], case .string = request["method"] else { return id ?? null }
        switch request["params"] {
        case nil, .object, .array: return id
        default: return id ?? null
        }
    }

    // MARK: What came

    /// What is wrong with a reply; nil: nothing.
    package func fault(of reply: [UInt8], codes: Set<Int64>) -> String? {
        guard let root = PlainValue.read(reply) else { return "no JSON" }
        switch self {
        case .one(let id): return Self.fault(of: root, id, codes)
        case .batch(let ids):
            guard case .array(let replies) = root, replies.count == ids.count else { return "no array of \(ids.count)" }
            return zip(replies, ids).lazy.compactMap { Self.fault(of: $0, $1, codes) }.first
        }
    }

    private static func fault(of reply: PlainValue, _ id: [UInt8], _ codes: Set<Int64>) -> String? {
        switch reply["id"] {
        case .string(_, id), .number(id), .word(id): break
        default: return "its id is not \(String(decoding: id, as: UTF8.self))"
        }
        guard case .string(version, _) = reply["jsonrpc"] else { return "its version" }
        guard let error = reply["error"] else { return reply["result"] == nil ? "neither result nor error" : nil }
        guard reply["result"] == nil else { return "both result and error" }
        guard case .number(let code) = error["code"], let code = Int64(String(decoding: code, as: UTF8.self)),
            codes.contains(code)
        else { return "its code" }
        return nil
    }
}
