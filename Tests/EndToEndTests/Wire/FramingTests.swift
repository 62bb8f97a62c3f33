import Foundation
import TestSupport
import Testing

@Suite("Lines on the wire")
struct FramingTests {
    let daemon: TestDaemon

    init() throws { daemon = try SharedDaemon.get() }

    private static let limit = 1_048_576
    private static let tooLong = #"{"jsonrpc":"2.0","id":null,"error":{"code":-32007,"#

    @Test("blank lines are ignored")
    func blankLines() throws {
        let input = "\n\r\n \n\t\t\n  \t\r\n\(Ping.request(id: "1"))\n\n\r\n\(Ping.request(id: "2"))\r\n \n"
        #expect(try daemon.exchange(input) == [Ping.reply(id: "1"), Ping.reply(id: "2")])
    }

    @Test("nothing is answered to nothing", arguments: ["", "\n", " ", "\r\n\t"])
    func nothing(_ input: String) throws {
        #expect(try daemon.exchange(input).isEmpty)
    }

    @Test("a last line without LF is carried out at the end of the input")
    func lastLine() throws {
        #expect(try daemon.exchange(Ping.request()) == [Ping.reply()])
        #expect(try daemon.exchange(Ping.request() + " \r") == [Ping.reply()])
        #expect(
            try daemon.exchange("\n" + Ping.request(id: "1") + "\n" + Ping.request(id: "2"))
                == [Ping.reply(id: "1"), Ping.reply(id: "2")])
        let cut = try daemon.exchange(Ping.request(id: "1") + "\n" + String(Ping.request().dropLast()))
        #expect(cut.count == 2)
        #expect(cut.last?.contains("-32700") == true)
    }

    @Test("what comes byte by byte is answered all the same")
    func byteByByte() throws {
        let connection = try daemon.connect()
        for byte in Array((Ping.request(id: "1") + "\r\n\n" + Ping.request(id: "2") + "\n").utf8) {
            try connection.send([byte])
        }
        #expect(try connection.line() == Ping.reply(id: "1"))
        #expect(try connection.line() == Ping.reply(id: "2"))
    }

    @Test("input cut at any position gives the same replies")
    func cutAnywhere() throws {
        let user = "\u{1F600}"  // Also cut inside of a scalar.
        let input = Array(
            (#"{"jsonrpc":"2.0","id":"\#(user)\u0041","method":"getBalance","params":["\#(user)"]}"# + "\r\n\n"
                + #"[{"jsonrpc":"2.0","id":1,"method":"no"}]"# + "\n" + #"{"id":2"# + "\n" + Ping.request()).utf8)
        let whole = try daemon.exchange(input)
        #expect(whole.count == 4)
        let other = try daemon.connect()
        for position in 1..<input.count {
            let connection = try daemon.connect()
            try connection.send(Array(input[..<position]))
            // Who comes later and is answered shows that the first part was read.
            try other.send(Ping.request() + "\n")
            _ = try other.line()
            try connection.send(Array(input[position...]))
            connection.shutdownWriting()
            #expect(try connection.lines() == whole, "cut at \(position)")
        }
    }

    @Test("a line of 1 MiB is carried out")
    func longestLine() throws {
        let request = Ping.request()
        let padding = String(repeating: " ", count: Self.limit - request.utf8.count)
        #expect(
            try daemon.exchange(request + padding + "\n" + Ping.request(id: "2") + "\n")
                == [Ping.reply(), Ping.reply(id: "2")])
    }

    @Test("a longer line is refused before its end, skipped to its LF, and the next one is answered")
    func tooLongLine() throws {
        let connection = try daemon.connect()
        try connection.send(Array(repeating: UInt8(ascii: " "), count: Self.limit + 1))
        let refusal = try #require(try connection.line())
        #expect(refusal.hasPrefix(Self.tooLong))
        #expect(try Reply(refusal).kind == "requestTooLarge")
        #expect(try Reply(refusal).data?["limit"] as? Int == Self.limit)

        try connection.send(Array(repeating: UInt8(ascii: "{"), count: 2 * Self.limit))
        try connection.send(Ping.request(id: "1") + "\n" + Ping.request(id: "2") + "\n")
        #expect(try connection.line() == Ping.reply(id: "2"))
    }

    @Test("every line that is too long is refused once, also without an end")
    func tooLongLines() throws {
        let long = String(repeating: "x", count: Self.limit + 1)
        let replies = try daemon.exchange("\(long)\n\(long)y\n\(Ping.request())\n\(long)")
        #expect(replies.map { $0.hasPrefix(Self.tooLong) } == [true, true, false, true])
        #expect(replies[2] == Ping.reply())
    }

    @Test("a line without end takes no memory")
    func endlessLine() throws {
        let daemon = try TestDaemon()
        let connection = try daemon.connect()
        let chunk = Array(repeating: UInt8(ascii: "["), count: Self.limit)
        for _ in 0..<8 { try connection.send(chunk) }
        let before = try daemon.memory("VmHWM")
        for _ in 0..<128 { try connection.send(chunk) }
        try connection.send("\n" + Ping.request() + "\n")
        #expect(try connection.line()?.hasPrefix(Self.tooLong) == true)
        #expect(try connection.line() == Ping.reply())
        #expect(try daemon.memory("VmHWM") - before < 8192)
    }

    @Test("printf into socat is answered whole")
    func socat() throws {
        let requests = (1...100).map { Ping.request(id: "\($0)") }.joined(separator: "\\n")
        let command = "printf '\(requests)' | socat -t 30 - UNIX-CONNECT:\(daemon.socket)"
        let shell = try ChildProcess.run("sh", ["-c", command], environment: ChildProcess.inheritedEnvironment)
        #expect(shell.output.split(separator: "\n").map(String.init) == (1...100).map { Ping.reply(id: "\($0)") })
        #expect(shell.code == 0)
    }

    @Test("after a half-close everything is answered, however slowly the peer reads")
    func slowHalfClose() throws {
        let connection = try daemon.connect()
        let count = 300
        let requests = (1...count).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"rpc.discover"}"# + "\n" }
        try connection.send(requests.joined())
        connection.shutdownWriting()
        // By then more is written than the socket takes, and nobody reads.
        for _ in 0..<20 { _ = try daemon.call("getBalance", ["userId": "nobody"]) }
        let replies = try connection.lines()
        #expect(replies.count == count)
        #expect(replies.last?.hasPrefix(#"{"jsonrpc":"2.0","id":\#(count),"result":"#) == true)
    }
}
