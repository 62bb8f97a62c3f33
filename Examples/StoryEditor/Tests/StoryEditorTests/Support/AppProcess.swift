import Foundation
import LifecycleClient
import Logging
import ServiceLifecycle

/// The app as it ships: a process of its own, which can be killed.
struct AppProcess {
    let child: ChildProcess
    /// To talk to it.
    let stage: Stage

    static func start(
        _ daemon: Daemon, _ upstream: FakeUpstream, _ client: LifecycleClient
    ) async throws -> AppProcess {
        let log = FileManager.default.temporaryDirectory.path + "/se-app-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: log) }
        let child = try ChildProcess(
            Package.product("story-editor"), [],
            environment: [
                "STORY_EDITOR_PORT": "0", "LIFECYCLE_SOCKET": daemon.socket,
                "STORY_EDITOR_UPSTREAM_URL": "http://127.0.0.1:\(upstream.port)",
                "STORY_EDITOR_UPSTREAM_TOKEN": Stage.upstreamToken, "STORY_EDITOR_UPSTREAM_TIMEOUT": "20",
                "STORY_EDITOR_START_MARGIN": "1",
                "STORY_EDITOR_PIPELINE_TOKENS": Stage.pipelineToken, "STORY_EDITOR_PROXY_SECRET": Stage.proxySecret,
            ], log: log)
        var port: Int?
        try await waitFor("the app to listen") {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            port = text.firstMatch(of: /listening on http:\/\/127\.0\.0\.1:(\d+)\n/).flatMap { Int($0.1) }
            return port != nil
        }
        let stage = Stage(
            daemon: daemon, upstream: upstream, client: client, port: port ?? 0,
            services: .init(services: [], logger: .init(label: "")), run: Task {})
        return AppProcess(child: child, stage: stage)
    }
}
