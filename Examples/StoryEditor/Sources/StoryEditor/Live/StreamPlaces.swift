internal import Synchronization

/// How many live pages there are: each has a connection to the daemon, which has so many and no more.
final class StreamPlaces: Sendable {
    private let maximum: Int
    private let maximumOfUser: Int
    /// Those that are taken. By bytes: Swift's == calls different users equal.
    private let taken = Mutex<[[UInt8]: Int]>([:])

    init(of configuration: Configuration) {
        maximum = configuration.maximumLivePages
        maximumOfUser = configuration.maximumLivePagesOfUser
    }

    /// Nil when there is none.
    func enter(_ userId: String) -> StreamPlace? {
        let user = Array(userId.utf8)
        return taken.withLock { taken in
            let own = taken[user] ?? 0
            guard own < maximumOfUser, taken.values.reduce(0, +) < maximum else { return nil }
            taken[user] = own + 1
            return StreamPlace { self.leave(user) }
        }
    }

    private func leave(_ user: [UInt8]) {
        taken.withLock { taken in
            let rest = (taken[user] ?? 1) - 1
            taken[user] = rest > 0 ? rest : nil
        }
    }
}

/// The place of one stream, which is left once: by the stream's end, or when the answer is never written.
final class StreamPlace: Sendable {
    private let onLeaving: Mutex<(@Sendable () -> Void)?>

    init(_ onLeaving: @escaping @Sendable () -> Void) { self.onLeaving = Mutex(onLeaving) }

    func leave() { onLeaving.withLock { $0.take() }?() }

    deinit { leave() }
}
