// Tell a customer what is missing, and everybody else what to do.
import LifecycleClient

// snippet.hide
import LifecycleTesting

let client = LifecycleClient.inProcess()
_ = try await client.grantCredits(userId: "ana", credits: 10, reason: "sign-up")
// snippet.show
func answer(for userId: String) async -> String {
    do {
        let created = try await client.createProject(userId: userId, credits: 40)
        return "started \(created.project.projectId)"
    } catch let error where error.kind == .insufficientCredits {
        return "you have \(error.refusal?.integer("available") ?? 0) credits, this costs 40"
    } catch let error where error.outcome == .unknown {
        return "we are looking into it"  // The project may exist: call again with error.idempotencyKey.
    } catch {
        return "not now: \(error)"  // Nothing was taken.
    }
}
// snippet.hide

let text = await answer(for: "ana")
precondition(text == "you have 10 credits, this costs 40", text)
print("HandleErrors: ok")
