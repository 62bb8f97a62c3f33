// Test what your own code does when nobody knows what became of a call.
import LifecycleClient
import LifecycleTesting

let daemon = InProcessDaemon()
let client = daemon.makeClient()
_ = try await client.grantCredits(userId: "ana", credits: 100, reason: "test")

daemon.crash(.afterCommit)  // In the next write: its change is durable, and its answer is lost.
do {
    _ = try await client.createProject(userId: "ana", credits: 40)
} catch {
    precondition(error.outcome == .unknown)
    // The same call with the error's key is done once.
    _ = try await client.createProject(userId: "ana", credits: 40, idempotencyKey: error.idempotencyKey)
}
let balance = try await client.getBalance(userId: "ana")
precondition(balance.available == 60 && balance.held == 40)
// snippet.hide
print("TestACrash: ok")
