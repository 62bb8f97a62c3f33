import CSQLite
import Foundation
import LifecycleCore
import Testing

@testable import LifecycleSQLite

@Suite("Storage errors")
struct StorageErrorTests {
    @Test(
        "each SQLite code has its kind",
        arguments: [
            (SQLITE_FULL, .full), (SQLITE_BUSY, .busy), (SQLITE_BUSY | 2 << 8, .busy), (SQLITE_LOCKED, .busy),
            (SQLITE_PROTOCOL, .io), (SQLITE_CONSTRAINT | 8 << 8, .constraint), (SQLITE_CORRUPT, .corrupt),
            (SQLITE_CORRUPT | 1 << 8, .corrupt), (SQLITE_NOTADB, .corrupt), (SQLITE_CANTOPEN | 6 << 8, .cannotOpen),
            (SQLITE_READONLY, .readOnly), (SQLITE_READONLY | 1 << 8, .readOnly), (SQLITE_READONLY | 4 << 8, .moved),
            (SQLITE_IOERR, .io), (SQLITE_IOERR | 3 << 8, .io), (SQLITE_IOERR | 4 << 8, .io), (SQLITE_NOMEM, .io),
            (SQLITE_ERROR, .misuse), (SQLITE_MISUSE, .misuse), (SQLITE_RANGE, .misuse),
        ] as [(Int32, StorageError.Kind)])
    func sqlite(code: Int32, kind: StorageError.Kind) {
        let error = StorageError(sqlite: code, detail: "detail", systemError: EIO, path: "/x/ledger.db")
        #expect(error.kind == kind)
        #expect(error.code == code)
        #expect(error.isFatal == ![.full, .busy, .constraint].contains(kind))
    }

    @Test("a write over quota is a full disk, a sync over quota is not")
    func quota() {
        #expect(StorageError.Kind(sqlite: SQLITE_IOERR | 3 << 8, systemError: EDQUOT) == .full)
        #expect(StorageError.Kind(sqlite: SQLITE_IOERR | 4 << 8, systemError: EDQUOT) == .io)
    }

    @Test(
        "each errno has its kind",
        arguments: [
            (ENOSPC, .full), (EDQUOT, .full), (EROFS, .readOnly), (EACCES, .cannotOpen), (ENOENT, .cannotOpen),
            (ELOOP, .cannotOpen), (EMFILE, .cannotOpen), (EIO, .io),
        ] as [(Int32, StorageError.Kind)])
    func system(code: Int32, kind: StorageError.Kind) {
        let error = StorageError(errno: code, cannot: "open /x")
        #expect(error.kind == kind)
        #expect(error.code == code)
        #expect(error.message.hasPrefix("cannot open /x: "))
    }

    @Test("an I/O error names the file and the system's reason")
    func message() {
        let code = SQLITE_IOERR | 4 << 8
        let error = StorageError(sqlite: code, detail: "disk I/O error", systemError: EIO, path: "/x/y.db")
        #expect(error.message.contains("/x/y.db"))
        #expect(error.message.contains(String(cString: strerror(EIO))))
        #expect(error.description.contains("io, code \(code)"))
    }
}
