import Foundation
import LifecycleClient
import TestSupport
import Testing

@Suite("How deep a request may be")
struct DepthTests {
    @Test("what the deepest setting takes, every client reads in every answer")
    func deepest() async throws {
        let daemon = try TestDaemon(["--max-depth", "256"])
        // A request puts two levels around it.
        let metadata = String(repeating: #"{"a":"#, count: 254) + "1" + String(repeating: "}", count: 254)
        let create =
            #"{"jsonrpc":"2.0","id":1,"method":"createProject","params":{"userId":"ada","credits":0,"externalId":"e","metadata":"#
        let connection = try daemon.connect()
        try connection.send(create + metadata + "}}\n")
        #expect(try connection.reply().error == nil)
        try connection.send(create.replacing(#""e""#, with: #""f""#) + #"{"a":\#(metadata)}"# + "}}\n")
        #expect(try connection.reply().kind == "parseError")

        let client = LifecycleClient(socketPath: daemon.socket)
        let project = try await client.getStatus(externalId: "e")
        #expect(project.metadata?.json == metadata)
        #expect(try await client.listProjects(userId: "ada").projects == [project])
        #expect(try await client.explainProject(project.projectId).project == project)
        await client.close()
        for command in [
            ["status", "--external-id", "e"], ["list", "--json"], ["explain", "--external-id", "e", "--json"],
            ["call", "listProjects"],
        ] {
            let run = try Command(command, socket: daemon.socket)
            #expect(run.code == 0 && run.output.contains(metadata), "\(command): \(run.errors)")
        }
    }

    @Test("metadata that would make a request too deep is refused by the client, and harms no other call")
    func tooDeep() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: #"{"a":"#, count: levels) + "1" + String(repeating: "}", count: levels)
        }
        let daemon = try SharedDaemon.get()
        #expect(try daemon.command("create", "deep", "0", "--metadata", nested(62)).code == 0)
        let run = try daemon.command("create", "deep", "0", "--metadata", nested(63))
        #expect(run.code == 2 && run.errors.contains("nested too deeply"), "\(run.errors)")
    }
}
