internal import LifecycleCore

@testable internal import LifecycleRPC

/// Calls that are told apart by a number, their id.
enum TestCall {
    /// What stands for a method here.
    enum Kind: CaseIterable {
        case read, scan, write, refusal
    }

    static func call(_ kind: Kind, _ number: Int, isNotification: Bool = false) -> Dispatcher.Call {
        let step: Dispatcher.Call.Step =
            switch kind {
            case .read: .run(.read(.point) { _, _ throws(RPCError) in reply(number) })
            case .scan: .run(.read(.scan) { _, _ throws(RPCError) in reply(number) })
            case .write: .run(.write(worksOnFullDisk: false) { _, _ throws(RPCError) in reply(number) })
            case .refusal: .refuse(.invalidRequest("\(number)"))
            }
        let id: RequestID = isNotification ? .none : .some(ArraySlice("\(number)".utf8))
        return Dispatcher.Call(id: id, method: "\(number)", step: step)
    }

    static func reply(_ number: Int) -> Reply { { $0.integer(Int64(number)) } }

    static func outcome(_ number: Int) -> RequestSequence.Outcome { .success(reply(number)) }

    /// The number back out of what was answered.
    static func number(_ outcome: RequestSequence.Outcome) -> Int? {
        switch outcome {
        case .failure(let error): return Int(error.message)
        case .success(let reply):
            var json = JSONWriter()
            reply(&json)
            return Int(String(decoding: json.bytes, as: UTF8.self))
        }
    }
}
