internal import Glibc
internal import LifecycleCore
internal import Testing

@testable import LifecycleRPC
@testable import LifecycleSQLite

@Suite("The exit status")
struct DaemonExitTests {
    @Test(
        "says whose fault the end was",
        arguments: [
            (DaemonError.listen(""), 73), (.storage(StorageError(.cannotOpen, "")), 73),
            (.storage(StorageError(.newerSchema, "")), 73), (.storage(StorageError(.locked, "")), 75),
            (.failed(StorageError(.io, "")), 74), (.failed(StorageError(.locked, "")), 74), (.inconsistent([]), 74),
            (.restore(""), 65), (.other(""), 70),
        ] as [(DaemonError, Int32)])
    func daemon(_ error: DaemonError, _ status: Int32) {
        #expect(DaemonExit(error).rawValue == status)
    }

    @Test("tells a bad value from a bad path, and what is unknown from both")
    func others() {
        #expect(DaemonExit(ConfigurationError(.database, "")) == .usage)
        #expect(DaemonExit(ConfigurationError(.database, "", kind: .path)) == .cannotCreate)
        #expect(DaemonExit(CancellationError()) == .software)
    }

    @Test("uses the numbers of sysexits.h")
    func numbers() {
        #expect(
            DaemonExit.allCases.map(\.rawValue)
                == [EX_OK, EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_SOFTWARE, EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL])
    }

    @Test("tells of an import whether the rows, the file, the database or the disk was wrong")
    func imports() {
        #expect(DaemonExit(ImportError.file("")) == .noInput)
        #expect(DaemonExit(ImportError.rows(RowErrors(), path: "")) == .dataError)
        #expect(DaemonExit(ImportError.inconsistent([])) == .dataError)
        #expect(DaemonExit(ImportError.database(StorageError(.locked, ""))) == .temporaryFailure)
        #expect(DaemonExit(ImportError.database(StorageError(.cannotOpen, ""))) == .cannotCreate)
        #expect(DaemonExit(ImportError.storage(StorageError(.full, ""), isOutcomeUnknown: false)) == .inputOutput)
    }
}

@Suite("The limit of open files")
struct OpenFileLimitTests {
    @Test("is raised as far as the hard limit lets it, and never lowered")
    func raise() {
        var before = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
        #expect(OpenFileLimit.raise(to: 1) == before.rlim_cur)
        #expect(OpenFileLimit.raise(to: .max) == before.rlim_max)
        #expect(OpenFileLimit.raise(to: 1) == before.rlim_max)
    }
}
