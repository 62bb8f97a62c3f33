import LifecycleClient
import LifecycleTesting
import Testing

/// Where a test's calls go: the same body must hold for both.
enum Backend: String, CaseIterable, CustomTestStringConvertible {
    case inProcess, socket

    var testDescription: String { self == .inProcess ? "in process" : "over the socket" }

    /// Runs a body with a client whose ledger is empty.
    func withClient(_ body: (LifecycleClient) async throws -> Void) async throws {
        switch self {
        case .inProcess: try await body(.inProcess())
        case .socket:
            let daemon = try TestDaemon()
            let client = LifecycleClient(socketPath: daemon.socket)
            try await body(client)
            await client.close()
        }
    }
}

/// Expects a call to be refused with this word.
func expectRefusal(
    _ kind: ErrorKind, sourceLocation: SourceLocation = #_sourceLocation,
    _ call: () async throws(ClientError) -> some Any
) async -> RPCError? {
    do throws(ClientError) {
        _ = try await call()
        Issue.record("\(kind.name) was expected", sourceLocation: sourceLocation)
        return nil
    } catch {
        #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
        #expect(error.code == .refused && error.outcome == .notDone, sourceLocation: sourceLocation)
        return error.refusal
    }
}
