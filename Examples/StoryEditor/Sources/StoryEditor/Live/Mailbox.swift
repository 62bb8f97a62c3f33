internal import LifecycleClient
internal import Synchronization

/// What a live page has not been told yet. What comes while its connection is slow is gathered by project, up to a
/// limit, from which on loading the page anew costs less.
final class Mailbox: Sendable {
    static let mostProjects = 100

    struct Content: Sendable {
        /// The newest event that this covers.
        var seq: Int64?
        /// Projects that changed, in order.
        var changed: [ProjectID] = []
        /// What to say aloud of them: the last event of each.
        var events: [ProjectID: Event.Kind] = [:]
        /// Credits were granted or corrected.
        var balanceChanged = false
        /// The page must be loaded anew: it has no place to go on from, or has missed too much.
        var isOutOfDate = false
        /// A second has passed.
        var ticks = 0

        var isEmpty: Bool { seq == nil && !isOutOfDate && ticks == 0 }
    }

    private struct State {
        var content = Content()
        var isEnded = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func add(_ event: Event) {
        update { content in
            content.seq = event.seq
            guard let projectId = event.projectId else {
                content.balanceChanged = true
                return
            }
            guard !content.isOutOfDate else { return }
            if content.events.updateValue(event.kind, forKey: projectId) == nil { content.changed.append(projectId) }
            if content.changed.count > Self.mostProjects {
                content = Content(seq: event.seq, isOutOfDate: true, ticks: content.ticks)
            }
        }
    }

    /// The watch has begun, without a place to go on from: what came before is not known.
    func begin(_ seq: Int64) {
        update { content in
            content.isOutOfDate = true
            content.seq = max(content.seq ?? 0, seq)
        }
    }

    func tick() { update { $0.ticks += 1 } }

    /// Nothing comes any more.
    func end() { update(isEnded: true) { _ in } }

    private func update(isEnded: Bool = false, _ change: (inout Content) -> Void) {
        let waiter = state.withLock { state in
            change(&state.content)
            state.isEnded = state.isEnded || isEnded
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits for something to tell; one task at a time. Nil at the end.
    func next() async -> Content? {
        while true {
            let (content, isEnded) = state.withLock { state in
                defer { state.content = Content() }
                return (state.content, state.isEnded)
            }
            if isEnded { return nil }
            if !content.isEmpty { return content }
            await withCheckedContinuation { waiter in
                let isNeeded = state.withLock { state in
                    guard state.content.isEmpty, !state.isEnded else { return false }
                    state.waiter = waiter
                    return true
                }
                if !isNeeded { waiter.resume() }
            }
        }
    }
}
