import Foundation
import LifecycleClient

/// A real `lifecycled` on a database of its own, in a folder that goes with it.
final class Daemon: @unchecked Sendable {
    // `child` is replaced by one task.
    let socket: String
    private let folder: String
    private var child: ChildProcess

    /// What `make` built, or what `LIFECYCLED` names.
    private static let binary =
        ProcessInfo.processInfo.environment["LIFECYCLED"] ?? Package.path("../../.build/release/lifecycled")

    init() async throws {
        folder = FileManager.default.temporaryDirectory.path + "/se-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        socket = folder + "/s"
        child = try Self.launch(folder)
        try await waitUntilItAnswers()
    }

    deinit {
        child.end(SIGKILL)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func launch(_ folder: String) throws -> ChildProcess {
        try ChildProcess(
            binary, ["--socket", folder + "/s", "--database", folder + "/l.db"], log: folder + "/log")
    }

    private func waitUntilItAnswers() async throws {
        let client = client()
        do { _ = try await client.checkHealth(timeout: .seconds(300)) } catch {
            let log = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
            throw TestFailure("the daemon does not answer: \(error)\n\(log)")
        }
        await client.close()
    }

    /// One with the patience for a slow machine.
    func client() -> LifecycleClient {
        var configuration = ClientConfiguration(socketPath: socket)
        configuration.connectTimeout = .seconds(300)
        return LifecycleClient(configuration)
    }

    func kill() { child.end(SIGKILL) }

    func start() async throws {
        child = try Self.launch(folder)
        try await waitUntilItAnswers()
    }
}

enum Package {
    /// A path from the package's folder.
    static func path(_ relative: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path + "/" + relative
    }

    /// A program that was built beside this test, whatever folder was built in.
    static func product(_ name: String) -> String {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? Bundle.main.bundlePath
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().path + "/" + name
    }
}
