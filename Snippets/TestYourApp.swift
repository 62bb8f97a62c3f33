// Test your own code against the real rules: no daemon, no socket, and time that you move.
import LifecycleClient
import LifecycleTesting

let clock = ManualClock()
let client = LifecycleClient.inProcess(clock: clock)
_ = try await client.grantCredits(userId: "ana", credits: 100, reason: "test")

let project = try await client.createProject(userId: "ana", credits: 40, startTimeout: 600).project
clock.advance(by: .seconds(600))

let later = try await client.getStatus(project.projectId)
precondition(later.status == .failed && later.errorCode == "startTimeout")
let balance = try await client.getBalance(userId: "ana")
precondition(balance.available == 100)
// snippet.hide
print("TestYourApp: ok")
