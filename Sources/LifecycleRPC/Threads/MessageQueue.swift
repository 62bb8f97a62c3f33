internal import DequeModule
internal import NIOConcurrencyHelpers
internal import Synchronization

/// Hands values to threads that wait for them, in order. Any thread may send; the receivers block.
final class MessageQueue<Element: Sendable>: Sendable {
    private let waiting = Mutex(Deque<Element>())
    /// True while something waits. Held around every access to `waiting`, so that no send goes unnoticed.
    private let isFilled = ConditionLock(value: false)

    func send(_ element: Element) {
        isFilled.lock()
        waiting.withLock { $0.append(element) }
        isFilled.unlock(withValue: true)
    }

    /// Waits for at least one and takes all that wait.
    func takeAll() -> Deque<Element> {
        isFilled.lock(whenValue: true)
        return takeAllAndUnlock()
    }

    /// Takes all that wait, perhaps none, at once.
    func takeWaiting() -> Deque<Element> {
        isFilled.lock()
        return takeAllAndUnlock()
    }

    private func takeAllAndUnlock() -> Deque<Element> {
        let all = waiting.withLock { waiting in
            let all = waiting
            waiting = []
            return all
        }
        isFilled.unlock(withValue: false)
        return all
    }
}
