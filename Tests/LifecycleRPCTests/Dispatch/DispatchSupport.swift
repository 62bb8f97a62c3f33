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

    /// The same as a request of a batch, and how it is read.
    static func unread(_ kind: Kind, _ number: Int, isNotification: Bool = false) -> Dispatcher.Unread {
        let place = Kind.allCases.firstIndex(of: kind) ?? 0
        return Dispatcher.Unread(ArraySlice("\(place) \(number) \(isNotification)".utf8))
    }

    static func call(_ unread: Dispatcher.Unread) -> Dispatcher.Call {
        let words = String(decoding: unread.text, as: UTF8.self).split(separator: " ")
        guard words.count == 3, let place = Int(words[0]), let number = Int(words[1]) else {
            return .refusal(.invalidRequest("-1"))
        }
        return call(Kind.allCases[place], number, isNotification: words[2] == "true")
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
