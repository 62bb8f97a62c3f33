import LifecycleCore
import Plain

/// Every line gets the replies that JSON-RPC says, in the order of the requests, each with the id of its request byte
/// for byte, whatever is asked and however late its answer is known.
/// - Parameter values: what the lines are; nil: no JSON.
func checkAnswers(to lines: [[UInt8]], _ values: [PlainValue?], _ choices: inout Choices) {
    let roles = Role.allCases.filter { _ in choices.below(3) > 0 }
    let caller = Caller(uid: 1, gid: 2, pid: 3, roles: Set(roles))
    var connection = Connection(replyLimit: 1 << choices.below(16), caller: caller)
    for line in lines {
        connection.add(Fixed.dispatcher.work(for: line, from: caller))
        // Pipelined or one after the other.
        if choices.below(2) == 0 { connection.finishAll() }
    }
    connection.finishAll()

    let replies = connection.written.split(separator: 0x0A, omittingEmptySubsequences: false)
    require(replies.last?.isEmpty == true, "the last reply has no line feed")
    let expected = values.compactMap { PlainAnswer(to: $0, maximumBatch: Fixed.limits.maximumBatch) }
    require(replies.count - 1 == expected.count, "\(replies.count - 1) replies, not \(expected.count)")
    for (reply, expected) in zip(replies, expected) {
        if let fault = expected.fault(of: Array(reply), codes: Fixed.codes) {
            require(false, "\(fault): \(String(decoding: reply, as: UTF8.self))")
        }
    }
}

private enum Fixed {
    static let limits: Limits = {
        var limits = Limits()
        limits.maximumBatch = 20
        return limits
    }()
    static let dispatcher = Dispatcher(limits: limits)
    static let codes = Set(ErrorKind.all.map(\.code))
}

/// What a connection does with its requests; the answers to all that is awaited come in the wrong order.
private struct Connection {
    private var sequence: RequestSequence
    private var replies: ReplyWriter
    private var tickets: [Int] = []
    private(set) var written: [UInt8] = []

    init(replyLimit: Int, caller: Caller) {
        replies = ReplyWriter(limit: replyLimit)
        sequence = RequestSequence { Fixed.dispatcher.call($0, from: caller) }
    }

    mutating func add(_ work: Dispatcher.Work) {
        sequence.add(work)
        carryOut()
    }

    mutating func finishAll() {
        while !tickets.isEmpty {
            for ticket in tickets.reversed() { sequence.finish(ticket, with: .success { $0.string("done") }) }
            tickets = []
            carryOut()
        }
        require(sequence.isIdle, "requests are left, and nothing that they wait for")
    }

    private mutating func carryOut() {
        while let step = sequence.next() {
            switch step {
            case .beginBatch: replies.beginBatch()
            case .endBatch: replies.endBatch()
            case .answer(let call, let outcome): replies.write(outcome, to: call.id)
            case .read(let call, _): replies.write(.success { $0.string("read") }, to: call.id)
            case .skip: break
            case .scan(_, _, let ticket), .write(_, _, _, let ticket): tickets.append(ticket)
            }
        }
        written += replies.take()
    }
}
