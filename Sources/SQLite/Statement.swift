internal import CSQLite
package import LifecycleCore

/// A prepared statement, made once and reused: bind, step or run, reset.
///
/// Not `Sendable`: used on the thread of its database. Parameter indexes start at 1, column indexes at 0. The error of
/// a failed bind is thrown by the next `step()`.
package final class Statement {
    private let database: Database
    private(set) var handle: OpaquePointer?
    private var bindError: StorageError?

    init(
        _ sql: String, on database: Database, handle connection: OpaquePointer, persistent: Bool
    ) throws(StorageError) {
        var prepared: OpaquePointer?
        let flags = persistent ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
        let code = sqlite3_prepare_v3(connection, sql, -1, flags, &prepared, nil)
        guard code == SQLITE_OK else { throw database.error(code) }
        guard let prepared else { throw StorageError(.misuse, "an empty text was given as an SQL statement") }
        self.database = database
        self.handle = prepared
    }

    deinit {
        finalize()
        database.forget(self)
    }

    /// Called by `Database.close()`. Any later use of the statement fails with `.misuse`.
    func finalize() {
        sqlite3_finalize(handle)
        handle = nil
    }

    // MARK: Running

    /// Goes to the next row. Returns true if there is one. After false the statement holds no lock.
    package func step() throws(StorageError) -> Bool {
        if let bindError { throw bindError }
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let error = database.error(code)
            sqlite3_reset(handle)
            throw error
        }
    }

    /// Steps to the end and resets, even after an error.
    package func run() throws(StorageError) {
        defer { reset() }
        while try step() {}
    }

    /// Prepares the statement for its next use: ends its read, and clears its bindings and a pending bind error.
    package func reset() {
        guard let handle else { return }
        sqlite3_reset(handle)  // its code only repeats what `step()` has already thrown
        sqlite3_clear_bindings(handle)
        bindError = nil
    }

    // MARK: Binding

    package func bind(_ index: Int32, _ value: Int64) { check(sqlite3_bind_int64(handle, index, value)) }

    package func bind(_ index: Int32, _ value: Int64?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    /// `Double` has no non-optional overload, so that an integer literal always means `Int64`. NaN is stored as NULL.
    package func bind(_ index: Int32, _ value: Double?) {
        if let value { check(sqlite3_bind_double(handle, index, value)) } else { bindNull(index) }
    }

    /// Binds all UTF-8 bytes, including NUL.
    package func bind(_ index: Int32, _ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { bytes in
                // A null pointer would bind NULL.
                let start = bytes.isEmpty ? Self.emptyText : bytes.baseAddress
                check(
                    sqlite3_bind_text64(
                        handle, index, start, UInt64(bytes.count), Self.transient, UInt8(SQLITE_UTF8)))
            }
        }
    }

    package func bind(_ index: Int32, _ text: String?) {
        if let text { bind(index, text) } else { bindNull(index) }
    }

    package func bind(_ index: Int32, blob bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return check(sqlite3_bind_zeroblob(handle, index, 0)) }
        check(sqlite3_bind_blob64(handle, index, bytes.baseAddress, UInt64(bytes.count), Self.transient))
    }

    package func bindNull(_ index: Int32) { check(sqlite3_bind_null(handle, index)) }

    private func check(_ code: Int32) {
        if code != SQLITE_OK, bindError == nil { bindError = database.error(code) }
    }

    /// SQLITE_TRANSIENT, a C cast that Swift cannot import. SQLite copies the bytes before the call returns.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    private static var emptyText: UnsafePointer<CChar>? {
        // The bytes of a StaticString live as long as the process.
        let empty: StaticString = ""
        return UnsafeRawPointer(empty.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
