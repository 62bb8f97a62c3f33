internal import LifecycleClient
internal import LifecycleCore

/// Asks the in-memory daemon at once, and the database, with the same clock, when it is time to compare.
struct DifferentialPlayer {
    private let clock: ManualClock
    private let memory: InProcessDaemon
    private let database: DifferentialDatabase
    private var names = ProjectNames()
    private var asked: [(request: DifferentialRequest, answer: String)] = []
    /// Kinds of errors, and `ok`.
    private(set) var kindsSeen: Set<String> = []

    struct Difference: Error, CustomStringConvertible {
        let description: String
    }

    init(_ ledger: LedgerHarness) {
        let clock = ManualClock(Timestamp(milliseconds: ledger.now))
        self.clock = clock
        memory = InProcessDaemon(clock: { clock.now }, limits: ledger.limits, caller: .tester)
        database = DifferentialDatabase(ledger)
    }

    /// How many were created.
    var projects: Int { names.count }

    func advance(milliseconds: Int64) { clock.advance(by: .milliseconds(milliseconds)) }

    mutating func ask(_ method: String, _ params: String) {
        let result: Result<[UInt8], RPCError>
        do throws(RPCError) {
            let params = names.ids(in: params)
            result = .success(Array(try memory.answer(method, params: Array(params.utf8)).raw))
            kindsSeen.insert("ok")
        } catch {
            result = .failure(error)
            kindsSeen.insert(error.kind.name)
        }
        asked.append((DifferentialRequest(method, params, at: clock.now), names.answer(result)))
    }

    /// All that was asked since the last time, in one commit.
    mutating func compare() async throws {
        let answers = await database.answers(to: asked.map(\.request))
        guard answers.count == asked.count else { throw Difference(description: "\(answers.count) answers") }
        for (index, answer) in answers.enumerated() where answer != asked[index].answer {
            throw Difference(
                description: """
                    \(asked[index].request)
                      in memory: \(asked[index].answer)
                      on disk:   \(answer)
                    after
                    \(asked[..<index].map { "\($0.request)" }.joined(separator: "\n"))
                    """)
        }
        asked = []
    }
}

/// A request whose projects are named by the order of their creation: `<0>` is the first.
struct DifferentialRequest: Sendable, CustomStringConvertible {
    let method: String
    let params: String
    let time: Timestamp

    init(_ method: String, _ params: String, at time: Timestamp) {
        self.method = method
        self.params = params
        self.time = time
    }

    var description: String { "\(time) \(method) \(params)" }
}

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
