// Follow what happens, without a gap, and wait for a project's end.
import LifecycleClient

// snippet.hide
import LifecycleTesting

let client = LifecycleClient.inProcess()
let created = try await client.createProject(userId: "ana", credits: 0).project
_ = try await client.updateStatus(created.projectId, .processing)
_ = try await client.updateStatus(created.projectId, .completed)
var seen: [Event.Kind] = []
// snippet.show
// 0: from the beginning. Keep the last event's seq, and a later watch goes on there.
for try await event in client.watch(userId: "ana", fromSeq: 0) {
    seen.append(event.kind)
    if event.kind == .completed { break }
}
let project = try await client.wait(for: created.projectId)
// snippet.hide
precondition(seen == [.created, .processing, .completed] && project.status == .completed)
print("WatchProjects: ok")
