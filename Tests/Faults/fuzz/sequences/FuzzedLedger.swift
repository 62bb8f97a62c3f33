import Glibc
import LifecycleCore
import LifecycleSQLite

/// The daemon's own writer on a database of its own. Each sequence is one transaction that is rolled back, so that all
/// begin alike; within it each call has its savepoint, as it has in a batch of the daemon's.
final class FuzzedLedger {
    nonisolated(unsafe) static let shared = FuzzedLedger()

    private let clock = FuzzClock()
    private var names = Names()
    private let writer: Writer
    private var group = CommitGroup([])
    /// The last call, with real ids, and what became of it.
    private(set) var last: (params: String, result: Result<[UInt8], RPCError>)?

    private init() {
        do {
            let clock = clock
            var template = Array("/dev/shm/fuzz.XXXXXX".utf8CString)
            guard let folder = mkdtemp(&template) else { throw StorageError(.misuse, "no folder") }
            let path = "\(String(cString: folder))/ledger.db"
            let database = try Database(path: path, mode: .writer)
            try Migrator.run(Schema.migrations, on: database)
            let engine = try SQLiteEngine(
                database, identity: FileIdentity(databasePath: path),
                log: LogKeeper(database, Ballast(databasePath: path)))
            writer = Writer(
                engine,
                context: { CallContext(now: clock.now, caller: $0, limits: .fuzzed, metrics: NoMetrics()) },
                uptime: { clock.uptime }, patience: .max, hasLoopPaused: { _ in false },
                onError: { fatalError("storage refuses what the daemon itself does: \($0)") }, onClockJump: { _ in })
            // It stays open, and nobody else looks for it.
            for name in ["", "-wal", "-shm", ".ballast"] { unlink(path + name) }
            rmdir(String(cString: folder))
        } catch {
            fatalError("the database on disk: \(error)")
        }
    }

    func begin() {
        clock.reset()
        names = Names()
        group = CommitGroup([])
        writer.nextDeadline.time = Timestamp(milliseconds: .max)
        writer.resumedAt = Timestamp(milliseconds: .min)
        expectSuccess { () throws(StorageError) in try writer.engine.begin() }
    }

    func rollBack() {
        writer.rollBack()
        require(group.errors.isEmpty, "storage says \(group.errors)")
    }

    /// - Returns: the text of the result or of the error, with numbers for ids.
    func take(_ step: Step) -> String {
        last = nil
        switch step {
        case .call(let method, let params): return call(method, params)
        case .advance(let milliseconds): clock.advance(by: milliseconds)
        case .writeBeats: expectSuccess { () throws(StorageError) in try writer.engine.transaction.writeBeats() }
        case .detach, .restore, .trim: write(step.writes(names, at: clock.now))
        }
        return ""
    }

    private func write(_ writes: [BoundCall.Write]) {
        sweep()
        for write in writes {
            if case .failure(let error) = run(write) { require(false, "refused: \(error)") }
        }
    }

    private func call(_ method: String, _ params: String) -> String {
        sweep()
        let params = names.ids(in: params)
        var json = JSONWriter()
        json.beginObject()
        json.key("jsonrpc")
        json.string("2.0")
        json.key("id")
        json.integer(1)
        json.key("method")
        json.string(method)
        if !params.isEmpty {
            json.key("params")
            json.raw(params.utf8)
        }
        json.endObject()
        guard case .single(let call) = Dispatcher(limits: .fuzzed).work(for: json.bytes, from: .fuzzer) else {
            return "a batch"
        }
        let result =
            switch call.step {
            case .refuse(let error): Result<[UInt8], RPCError>.failure(error)
            case .run(.read(_, let read)): answer(read)
            case .run(.write(_, let write)): run(write)
            }
        last = (params, result)
        return names.answer(result)
    }

    /// As the alarm does when it rings in time. Only if something is due, as it writes the signs of life that wait.
    private func sweep() {
        guard writer.isSomethingDue else { return }
        expectSuccess { () throws(StorageError) in
            let due = Due(isEverything: true)
            let context = try writer.beginExpiry(at: clock.now)
            while try writer.expire(due, context, limit: Sweep.batch) == Sweep.batch {}
        }
    }

    /// On the writer's connection, as the transaction is its own. Readers see signs of life once they are on disk.
    private func answer(_ read: @escaping BoundCall.Read) -> Result<[UInt8], RPCError> {
        expectSuccess { () throws(StorageError) in try writer.engine.transaction.writeBeats() }
        return run { store, context throws(RPCError) in try read(store, context) }
    }

    private func run(_ write: @escaping BoundCall.Write) -> Result<[UInt8], RPCError> {
        let job = WriteJob(worksOnFullDisk: true, caller: .fuzzer, run: write, completion: { _ in })
        do throws(StorageError) {
            guard let outcome = try writer.run(job, &group) else {
                return .failure(.internalError("too much is due"))
            }
            return outcome.result.map { reply in
                var json = JSONWriter()
                reply(&json)
                return json.bytes
            }
        } catch {
            fatalError("\(error)")
        }
    }

    private func expectSuccess(_ body: () throws(StorageError) -> Void) {
        do throws(StorageError) { try body() } catch { require(false, "storage: \(error)") }
    }
}

extension Caller {
    /// The one who fails what nobody reported.
    static let daemon = fuzzer
}
