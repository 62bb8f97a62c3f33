internal import Glibc
internal import LifecycleSystem
internal import Synchronization

/// A bounded queue of formatted records, between the threads that log and the log thread that writes. The threads that
/// log never wait. The log thread may wait for its output.
///
/// While the queue is full, further records are dropped and counted. When there is room again, one record with their
/// number is written.
final class LogQueue: Sendable {
    /// How long a record waits for more records. Waking the thread for each record costs more than writing a hundred
    /// records (docs/decisions.md). A SIGKILL loses the records that wait.
    private static let gathering = Duration.milliseconds(5)

    private enum Rest {
        case none
        /// The queue is empty. The first record wakes the log thread.
        case idle
        /// Records are collected. Only an urgent record wakes the log thread before the end of `gathering`.
        case gathering
    }

    private struct State {
        var records: [[UInt8]] = []
        /// The queue has a record that must not wait.
        var isUrgent = false
        /// How the log thread waits at the wake pipe.
        var rest = Rest.none
        var isClosed = false
        /// The number of dropped or lost records that no record has reported yet.
        var unreported = 0
        var dropped = 0
        var accepted: UInt64 = 0
        var written: UInt64 = 0
        /// The callers of `flush`: each waits until this number of records is written, and is woken by its pipe.
        var waiters: [(accepted: UInt64, descriptor: Int32)] = []
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let wakePipe: WakePipe
    private let write: @Sendable ([[UInt8]]) -> Int
    private let dropNote: @Sendable (Int) -> [UInt8]

    /// - Parameters:
    ///   - capacity: the maximum number of records that wait to be written.
    ///   - dropNote: makes the record that reports a number of dropped records.
    ///   - write: writes records in order and returns how many of them were lost. Called on the log thread.
    init(
        capacity: Int, dropNote: @escaping @Sendable (Int) -> [UInt8], write: @escaping @Sendable ([[UInt8]]) -> Int
    ) throws(SystemCallError) {
        self.capacity = capacity
        self.dropNote = dropNote
        self.write = write
        self.wakePipe = try WakePipe()
        try SystemThread.start { self.drain() }
    }

    /// The number of records that were dropped or lost.
    var droppedRecords: Int { state.withLock { $0.dropped } }

    /// Queues one record. Any thread may call it. It never waits for output.
    /// - Parameter isUrgent: the record is written without waiting for more records.
    func append(_ record: [UInt8], isUrgent: Bool = false) {
        state.withLock { state in
            guard state.records.count < capacity, !state.isClosed else {
                state.dropped &+= 1
                state.unreported &+= 1
                return
            }
            state.records.append(record)
            state.accepted &+= 1
            if state.rest == .idle || isUrgent || state.records.count > capacity / 2 {
                state.isUrgent = state.isUrgent || isUrgent
                wake(&state)
            }
        }
    }

    /// Waits until all records that were queued before are written. Blocks its thread.
    /// - Returns: `false` if the timeout ended first.
    func flush(timeout: Duration) -> Bool {
        guard let pipe = try? WakePipe() else { return false }
        let isDone = state.withLock { state in
            guard state.written < state.accepted else { return true }
            state.waiters.append((state.accepted, pipe.writeEnd))
            wake(&state)
            return false
        }
        if isDone { return true }
        let isTold = pipe.waitForByte(timeout: timeout)
        // Removed before the pipe is closed. Otherwise the log thread could write to another file with the same number.
        state.withLock { state in state.waiters.removeAll { $0.descriptor == pipe.writeEnd } }
        return isTold
    }

    /// Ends the log thread after it has written the queued records. Later records are dropped.
    func close() {
        state.withLock { state in
            state.isClosed = true
            wake(&state)
        }
    }

    private func wake(_ state: inout State) {
        guard state.rest != .none else { return }
        state.rest = .none
        wakePipe.sendByte()
    }

    private func drain() {
        SystemThread.setName("log")
        var batch: [[UInt8]] = []
        while true {
            let (isOver, unreported) = state.withLock { state in
                swap(&batch, &state.records)
                state.isUrgent = false
                if batch.isEmpty, !state.isClosed { state.rest = .idle }
                return (batch.isEmpty && state.isClosed, state.unreported)
            }
            if isOver { return }
            if batch.isEmpty {
                _ = wakePipe.waitForByte(timeout: nil)
            } else {
                let lost = write(batch)
                // Records are dropped while the queue is full, so the report belongs after this batch. If the report
                // itself is lost, it is written after the next batch.
                let isReported = unreported > 0 && write([dropNote(unreported)]) == 0
                finish(count: batch.count, lost: lost, reported: isReported ? unreported : 0)
                batch.removeAll(keepingCapacity: true)
            }
            gather()
        }
    }

    private func gather() {
        let mayWait = state.withLock { state in
            guard !state.isClosed, !state.isUrgent, state.waiters.isEmpty, state.records.count <= capacity / 2 else {
                return false
            }
            state.rest = .gathering
            return true
        }
        guard mayWait, !wakePipe.waitForByte(timeout: Self.gathering) else { return }
        // From here on no thread sends a byte. A byte that was sent just before only ends a later wait early.
        state.withLock { $0.rest = .none }
    }

    private func finish(count: Int, lost: Int, reported: Int) {
        state.withLock { state in
            state.dropped &+= lost
            state.unreported &+= lost - reported
            state.written &+= UInt64(count)
            for waiter in state.waiters where waiter.accepted <= state.written {
                WakePipe.sendByte(to: waiter.descriptor)
            }
            state.waiters.removeAll { $0.accepted <= state.written }
        }
    }
}
