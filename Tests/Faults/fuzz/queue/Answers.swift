import Synchronization

/// Which writes were answered, by their numbers.
struct Answers {
    private var answered: Set<Int> = []
    private var newest: [ObjectIdentifier: Int] = [:]

    var count: Int { answered.count }

    mutating func note(_ number: Int, _ source: ObjectIdentifier?) {
        refuse(number)
        guard let source else { return }
        let before = newest.updateValue(number, forKey: source) ?? -1
        require(before < number, "write \(number) is answered after write \(before) of the same connection")
    }

    /// When the writer stops, in any order.
    mutating func refuse(_ number: Int) {
        require(answered.insert(number).inserted, "write \(number) is answered twice")
    }
}

/// Callers that wait, each of whom is to be called back once. The queue's closures have to be `Sendable`.
final class Callbacks: Sendable {
    private struct State {
        var made = 0
        var called: Set<Int> = []
    }

    private let state = Mutex(State())

    var areAllCalled: Bool { state.withLock { $0.called.count == $0.made } }

    func make() -> @Sendable () -> Void {
        let number = state.withLock { state in
            defer { state.made += 1 }
            return state.made
        }
        return {
            let isFirst = self.state.withLock { $0.called.insert(number).inserted }
            require(isFirst, "caller \(number) is called twice")
        }
    }

    func call(_ callbacks: [@Sendable () -> Void]) { for callback in callbacks { callback() } }
}
