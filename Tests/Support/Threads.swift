internal import Foundation

/// Runs a body in threads of its own, not of Swift's pool, which has few and must not block; returns when all have
/// ended.
package func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let errors = Box<[any Error]>([])
    let group = DispatchGroup()
    for index in 0..<count {
        group.enter()
        Thread {
            do { try body(index) } catch { errors.change { $0.append(error) } }
            group.leave()
        }.start()
    }
    group.wait()
    if let error = errors.value.first { throw error }
}

/// A value that threads share.
package final class Box<Value>: @unchecked Sendable {
    // Every access holds the lock.
    private let lock = NSLock()
    private var stored: Value

    package init(_ value: Value) { stored = value }

    package var value: Value { lock.withLock { stored } }

    @discardableResult
    package func change<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        try lock.withLock { try body(&stored) }
    }
}
