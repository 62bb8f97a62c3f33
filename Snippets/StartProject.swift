// Start a paid project so that its user never pays for work that nobody began.
//
// Run with the path of a daemon's socket it plays against that daemon, else against one in this process.
import LifecycleClient

// snippet.hide
import LifecycleTesting

struct Upstream {
    struct Refusal: Error, CustomStringConvertible { let description = "the GPU cluster is full" }
    var isWell = true
    func start(prompt: String, key: String) async throws -> String {
        guard isWell else { throw Refusal() }
        return "sda-\(key)"
    }
}
var upstream = Upstream()
let socketPath = CommandLine.arguments.dropFirst().first
let client = socketPath.map { LifecycleClient(socketPath: $0) } ?? .inProcess()
_ = try await client.grantCredits(userId: "ana", credits: 100, reason: "sign-up", idempotencyKey: "sign-up")
// snippet.show
// In an app: let client = LifecycleClient()

func startVideo(prompt: String, for userId: String, requestId: String) async throws -> Project {
    try await client.withProject(userId: userId, credits: 40, idempotencyKey: requestId) { project in
        // The call to whoever does the work. The id that it returns is recorded with the project.
        try await upstream.start(prompt: prompt, key: project.projectId.description)
    }
}
// snippet.hide

let project = try await startVideo(prompt: "a red bicycle", for: "ana", requestId: "request-1")
precondition(project.status == .processing && project.externalId == "sda-\(project.projectId)")

upstream.isWell = false
do {
    _ = try await startVideo(prompt: "a blue bicycle", for: "ana", requestId: "request-2")
    preconditionFailure("the upstream refused")
} catch is Upstream.Refusal {}
let balance = try await client.getBalance(userId: "ana")
precondition(balance.available == 60 && balance.held == 40)
print("StartProject: ok")
