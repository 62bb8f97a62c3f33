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
