/// What is done to the ledger.
enum Step: CustomStringConvertible {
    /// Projects are named by the order of their creation: `<0>` is the first.
    case call(String, String)
    case advance(milliseconds: Int64)
    /// The connection that holds the lease of this project ends.
    case detach(Int)
    /// Another one held it as well.
    case restore(Int)
    /// History that is older than this is removed.
    case trim(milliseconds: Int64)
    /// Signs of life are written to disk.
    case writeBeats

    var description: String {
        switch self {
        case .call(let method, let params): "\(method) \(params)"
        case .advance(let milliseconds): "+\(milliseconds) ms"
        case .detach(let project): "detach <\(project)>"
        case .restore(let project): "restore <\(project)>"
        case .trim(let milliseconds): "trim \(milliseconds)"
        case .writeBeats: "write beats"
        }
    }
}

/// Reads steps from bytes, so that a change of one byte changes one thing. As a text: a letter says what is done,
/// digits (the lowest four bits of any byte) to whom and with what. White space stands between steps, `!` before a
/// method and its parameters as they are, until the end of the line. Texts of this kind are in
/// `Tests/Faults/corpus/sequences`.
struct Steps {
    private var rest: Slice<UnsafeBufferPointer<UInt8>>
    private var left = 100

    static let users = ["ada", "bob", "caf\u{E9}", "cafe\u{301}"]

    init(_ bytes: UnsafeBufferPointer<UInt8>) { rest = bytes[...] }

    mutating func next() -> Step? {
        while let byte = rest.popFirst() {
            guard left > 0 else { return nil }
            if byte <= 0x20 { continue }
            left -= 1
            return step(byte)
        }
        return nil
    }

    private mutating func step(_ letter: UInt8) -> Step {
        switch Character(UnicodeScalar(letter & 0x7F)) {
        case "c": return create()
        case "p": return .call("updateStatus", "{\(reference()),\"status\":\"processing\"}")
        case "d": return .call("updateStatus", "{\(reference()),\"status\":\"completed\"}")
        case "f": return .call("updateStatus", "{\(reference()),\"status\":\"failed\"\(failure())}")
        case "n": return .call("updateStatus", "{\(project()),\(externalId()),\"status\":\"processing\"}")
        case "h": return .call("heartbeat", "{\(reference())\(heartbeat())}")
        case "x": return .call("cancelProject", "{\(project())}")
        case "r": return .call("retryProject", "{\(project())\(key())}")
        case "g": return .call("grantCredits", "{\(user()),\(amount()),\"reason\":\"top-up\"\(key())}")
        case "a": return .call("adjustCredits", "{\(user()),\(amount()),\"reason\":\"correction\"\(key())}")
        case "s": return .call("getStatus", "{\(reference())}")
        case "l": return .call("listProjects", "{\(filter())}")
        case "e": return .call("listEntries", "{\(user()),\"limit\":\(digit() + 1),\"cursor\":\"\(digit() + 1)\"}")
        case "b": return .call("getBalance", "{\(user())}")
        case "i": return .call("explainProject", "{\(reference())}")
        case "w": return .call("watch", "{\"fromSeq\":\(digit())}")
        case "u": return .call("audit", "{}")
        case "k": return .detach(digit())
        case "o": return .restore(digit())
        // A day is the least that retention can be told, and the schema holds it to that.
        case "z": return .trim(milliseconds: max(86_400_000, time()))
        case "v": return .writeBeats
        case "!": return line()
        default: return .advance(milliseconds: time())
        }
    }

    private mutating func digit() -> Int { Int((rest.popFirst() ?? 0) & 15) }

    private mutating func pick(_ texts: [String]) -> String { texts[digit() % texts.count] }

    private mutating func user() -> String { "\"userId\":\"\(pick(Self.users))\"" }
    private mutating func project() -> String { "\"projectId\":\"<\(digit())>\"" }
    private mutating func externalId() -> String { "\"externalId\":\"x\(digit())\"" }

    private mutating func key() -> String {
        let digit = digit()
        return digit == 0 ? "" : ",\"idempotencyKey\":\"k\(digit)\""
    }

    /// Digits mean a project by its number, letters one by its externalId.
    private mutating func reference() -> String { rest.first.map { $0 & 0x40 == 0 } ?? true ? project() : externalId() }

    private mutating func amount() -> String {
        let amounts: [Int64] = [
            0, 1, 2, 5, 10, 50, 100, 1000, 999_999, 1_000_000, 1_000_001, -1, -50, 1 << 53, 1 << 53 - 1, 1 - 1 << 53,
        ]
        return "\"credits\":\(amounts[digit()])"
    }

    private mutating func time() -> Int64 {
        [
            0, 1, 499, 1000, 4999, 5000, 5001, 29_999, 30_000, 60_000, 600_000, 3_600_000, 21_600_000, 86_400_000,
            -1000,
            -60_000,
        ][digit()]
    }

    private mutating func create() -> Step {
        let required = "\(user()),\(amount())\(key())"
        let options = digit()
        var params = required
        if options & 1 != 0 { params += ",\(externalId())" }
        if options & 2 != 0 { params += ",\"lease\":5,\"startTimeout\":\(digit())" }
        if options & 4 != 0 { params += ",\"maxRuntime\":30" }
        if options & 8 != 0 { params += ",\"name\":\"\(pick(Self.users))\",\"metadata\":{\"a\":[\(digit())]}" }
        return .call("createProject", "{\(params)}")
    }

    private mutating func failure() -> String {
        switch digit() % 4 {
        case 0: ""
        case 1: ",\"errorMessage\":\"CUDA \\u0000 \\ud83d\\udca5\""
        case 2: ",\"errorCode\":\"cancelled\""
        default: ",\"errorCode\":\"leaseExpired\""
        }
    }

    private mutating func heartbeat() -> String {
        let digit = self.digit()
        if digit > 12 { return ",\"pause\":\([5, 3600, 604_800][digit - 13])" }
        switch digit % 5 {
        case 0: return ""
        case 1: return ",\"progress\":0.\(self.digit())"
        case 2: return ",\"message\":\"step \(self.digit())\""
        case 3: return ",\"attach\":true"
        default: return ",\"progress\":1.5"
        }
    }

    private mutating func filter() -> String {
        var params = "\"limit\":\(digit() + 1)"
        let options = digit()
        if options & 1 != 0 { params += ",\(user())" }
        if options & 2 != 0 { params += ",\"status\":[\"\(pick(["pending", "processing", "completed", "failed"]))\"]" }
        if options & 4 != 0 { params += ",\"includeStats\":true" }
        if options & 8 != 0 { params += ",\"cursor\":\"<\(digit())>\"" }
        return params
    }

    private mutating func line() -> Step {
        let line = rest.prefix { $0 != 0x0A }
        rest = rest[line.endIndex...]
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 1)
        // What these answer is not the ledger's, and backups are files.
        let method = words.first.map(String.init) ?? ""
        guard !["getMetrics", "rpc.discover", "backup"].contains(method) else { return .writeBeats }
        return .call(method, words.count > 1 ? String(words[1]) : "")
    }
}
