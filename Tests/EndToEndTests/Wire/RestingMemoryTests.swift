import TestSupport
import Testing

@Suite("The daemon at rest")
struct RestingMemoryTests {
    @Test("it gives memory back when nobody is connected any more, and goes on as before")
    func givesBack() throws {
        let daemon = try TestDaemon()
        let client = try daemon.admittedConnection()
        _ = try client.call("rpc.discover")
        let atWork = try daemon.memory("VmRSS")
        client.close()
        try waitFor("less memory") { try daemon.memory("VmRSS") < atWork - 1024 }
        #expect(try daemon.call("getBalance", ["userId": "a"]).error == nil)
    }
}
