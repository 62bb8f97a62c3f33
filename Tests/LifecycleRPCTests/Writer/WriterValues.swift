internal import LifecycleCore
internal import Synchronization

@testable internal import LifecycleRPC

/// Where jobs come from, as a connection would be.
final class Source: Sendable {}

extension WriteJob {
    /// A write that is told apart from others by its number.
    static func numbered(
        _ number: Int, from source: Source? = nil, worksOnFullDisk: Bool = false,
        completion: @escaping @Sendable (WriteOutcome) -> Void = { _ in }
    ) -> WriteJob {
        WriteJob(
            worksOnFullDisk: worksOnFullDisk, caller: Caller(uid: 0, gid: 0, pid: Int32(number), roles: []),
            source: source.map(ObjectIdentifier.init), run: { _, _ in { $0.null() } }, completion: completion)
    }

    var number: Int { Int(caller.pid) }
}

extension ProjectID {
    init(_ number: UInt64) { self.init(high: 0, low: number) }
}

/// Counts what was called back.
final class CallCounter: Sendable {
    private let names = Mutex<[String]>([])

    /// A callback with a name.
    func callback(_ name: String) -> @Sendable () -> Void { { self.names.withLock { $0.append(name) } } }

    var called: [String] { names.withLock(\.self) }
}
