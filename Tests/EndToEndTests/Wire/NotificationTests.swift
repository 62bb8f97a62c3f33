import Testing

@Suite("Notifications")
struct NotificationTests {
    let daemon: TestDaemon
    let user = SharedDaemon.newUser()

    init() throws { daemon = try SharedDaemon.get() }

    static let failing = [
        #""method":"nonsense""#,
        #""method":"rpc.nonsense","params":[]"#,
        #""method":"getBalance""#,
        #""method":"getBalance","params":{"userId":""}"#,
        #""method":"getBalance","params":{"userId":"a","nonsense":1}"#,
        #""method":"getBalance","params":["a","b"]"#,
        #""method":"getStatus","params":{"externalId":"nowhere"}"#,
        #""method":"updateStatus","params":{"externalId":"nowhere","status":"failed"}"#,
        #""method":"createProject","params":{"userId":"nobody","credits":1}"#,
        #""method":"createProject","params":{"userId":"nobody","credits":9007199254740991}"#,
        #""method":"grantCredits","params":{"userId":"nobody","credits":0,"reason":"x"}"#,
        #""method":"listProjects","params":{"cursor":"x"}"#,
    ]

    @Test("what fails is not answered either", arguments: failing)
    func failureIsNotAnswered(_ members: String) throws {
        let replies = try daemon.exchange(#"{"jsonrpc":"2.0",\#(members)}"# + "\n" + Ping.request() + "\n")
        #expect(replies == [Ping.reply()])
    }

    @Test("reads and writes are carried out and not answered")
    func areCarriedOut() throws {
        let replies = try daemon.exchange(
            """
            {"jsonrpc":"2.0","method":"grantCredits","params":["\(user)",50,"welcome"]}
            {"jsonrpc":"2.0","method":"createProject","params":["\(user)",20,null,"\(user)-e"]}
            {"jsonrpc":"2.0","method":"listProjects"}
            {"jsonrpc":"2.0","method":"rpc.discover"}
            {"jsonrpc":"2.0","method":"updateStatus","params":{"externalId":"\(user)-e","status":"completed"}}
            {"jsonrpc":"2.0","id":1,"method":"getBalance","params":["\(user)"]}

            """)
        #expect(replies == [#"{"jsonrpc":"2.0","id":1,"result":{"userId":"\#(user)","available":30,"held":0}}"#])
    }

    @Test("an id of null makes a request, not a notification")
    func nullIsAnID() throws {
        #expect(try daemon.answer(to: Ping.request(id: "null")) == Ping.reply(id: "null"))
    }
}
