internal import Foundation
internal import Logging
internal import ServiceLifecycle
internal import StoryEditor

@main
struct Main {
    static func main() async throws {
        let configuration: Configuration
        do {
            configuration = try Configuration(environment: ProcessInfo.processInfo.environment)
        } catch {
            FileHandle.standardError.write(Data("story-editor: \(error)\n".utf8))
            exit(78)  // EX_CONFIG
        }
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        let app = StoryEditorApp(configuration, logger: Logger(label: "story-editor")) { port in
            // Not print: its lines would wait in a buffer when they go to a file or a pipe.
            FileHandle.standardOutput.write(Data("listening on http://\(configuration.host):\(port)\n".utf8))
        }
        try await app.services().run()
    }
}
