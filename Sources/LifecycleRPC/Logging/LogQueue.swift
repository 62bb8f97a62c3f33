internal import Glibc
internal import LifecycleSystem
internal import Synchronization

/// A bounded queue of formatted records between the threads that log, which never wait, and one background thread
/// that writes, which may wait as long as it must.
///
/// When the queue is full, further records are dropped and counted; once there is room again a record that says how
/// many is written in their place.
final class LogQueue: Sendable {
    /// How long the first record waits for company. Waking a thread for each costs a write more than writing a hundred
    /// (docs/decisions.md); a SIGKILL loses what waits.
    private static let gathering = Duration.milliseconds(5)

    private enum Rest {
        case none
        /// Nothing is to be written: the first record wakes the background thread.
        case idle
        /// Records gather: only who cannot wait for `gathering` to end wakes it.
        case gathering
    }

    private struct State {
        var records: [[UInt8]] = []
        /// What is there must not wait for company.
        var isUrgent = false
        /// What the background thread waits for, at the wake pipe.
        var rest = Rest.none
        var isClosed = false
        /// Records dropped or lost that no record has told of yet.
        var untold = 0
        var dropped = 0
        var accepted: UInt64 = 0
        var written: UInt64 = 0
        /// Who waits until so many records are written, and the pipe to tell it by.
        var waiters: [(accepted: UInt64, descriptor: Int32)] = []
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let wakePipe: WakePipe
    private let write: @Sendable ([[UInt8]]) -> Int
    private let dropNote: @Sendable (Int) -> [UInt8]

    /// - Parameters:
    ///   - capacity: the most records waiting to be written.
    ///   - dropNote: makes the record that tells of so many dropped records.
    ///   - write: writes records in order and returns how many of them were lost; called on the background thread.
    init(
        capacity: Int, dropNote: @escaping @Sendable (Int) -> [UInt8], write: @escaping @Sendable ([[UInt8]]) -> Int
    ) throws(SystemCallError) {
        self.capacity = capacity
        self.dropNote = dropNote
        self.write = write
        self.wakePipe = try WakePipe()
        try SystemThread.start { self.drain() }
    }

    /// The records dropped or lost so far.
    var droppedRecords: Int { state.withLock { $0.dropped } }

    /// Queues one record. Any thread; never waits for output.
    /// - Parameter isUrgent: it does not wait for company.
    func append(_ record: [UInt8], isUrgent: Bool = false) {
        state.withLock { state in
            guard state.records.count < capacity, !state.isClosed else {
                state.dropped &+= 1
                state.untold &+= 1
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

    /// Waits until every record queued before is written; `false` when `timeout` ends first. Blocks its thread.
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
        // Before the pipe is closed, or the background thread would write to whatever gets its number next.
        state.withLock { state in state.waiters.removeAll { $0.descriptor == pipe.writeEnd } }
        return isTold
    }

    /// Ends the background thread once it has written what is queued. Later records are dropped.
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
            let (isOver, untold) = state.withLock { state in
                swap(&batch, &state.records)
                state.isUrgent = false
                if batch.isEmpty, !state.isClosed { state.rest = .idle }
                return (batch.isEmpty && state.isClosed, state.untold)
            }
            if isOver { return }
            if batch.isEmpty {
                _ = wakePipe.waitForByte(timeout: nil)
            } else {
                let lost = write(batch)
                // Records are dropped only behind a full queue, so behind all of this batch. A note that is lost
                // itself is written again behind the next one.
                let isTold = untold > 0 && write([dropNote(untold)]) == 0
                finish(count: batch.count, lost: lost, told: isTold ? untold : 0)
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
        // Nobody wakes it from here on; a byte of who did at the last moment only ends a later rest early.
        state.withLock { $0.rest = .none }
    }

    private func finish(count: Int, lost: Int, told: Int) {
        state.withLock { state in
            state.dropped &+= lost
            state.untold &+= lost - told
            state.written &+= UInt64(count)
            for waiter in state.waiters where waiter.accepted <= state.written {
                WakePipe.sendByte(to: waiter.descriptor)
            }
            state.waiters.removeAll { $0.accepted <= state.written }
        }
    }
}
