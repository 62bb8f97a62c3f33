import Foundation
import TestSupport
import Testing

/// A process that attaches projects to connections of its own, one for each group, and then does what it is told.
final class LeaseHolder: @unchecked Sendable {
    // Used by one task.
    let child: ChildProcess
    private let output: ScratchFile
    private let commands: Int32

    private static let script = """
        import json, os, signal, socket, sys
        connections = []
        for group in sys.argv[2:]:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(sys.argv[1])
            connections.append(connection)
            ids = group.split(",")
            beats = [{"jsonrpc": "2.0", "id": 1, "method": "heartbeat", "params": {"projectId": id, "attach": True}}
                for id in ids]
            connection.sendall("".join(json.dumps(beat) + "\\n" for beat in beats).encode())
        for connection, group in zip(connections, sys.argv[2:]):
            replies = connection.makefile()
            for _ in group.split(","):
                assert json.loads(replies.readline())["result"]["status"] == "processing"
        print("attached", flush=True)
        for command in sys.stdin:
            if command == "exit\\n":
                os._exit(0)
            if command == "fork\\n":
                child = os.fork()
                if child == 0:
                    signal.pause()
                print("child", child, flush=True)
            if command == "pass\\n":
                ours, theirs = socket.socketpair()
                child = os.fork()
                if child == 0:
                    for connection in connections:
                        connection.close()
                    kept = socket.recv_fds(theirs, 1, 1)
                    print("child", os.getpid(), flush=True)
                    signal.pause()
                socket.send_fds(ours, [b"x"], [connections[0].fileno()])
        """

    init(_ socket: String, _ groups: [[String]]) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw TestFailure("pipe: \(errno)") }
        defer { close(ends[0]) }
        commands = ends[1]
        output = try ScratchFile()
        child = try ChildProcess(
            "python3", ["-c", Self.script, socket] + groups.map { $0.joined(separator: ",") }, standardInput: ends[0],
            standardError: output.descriptor)
        try waitFor("the projects to be attached") {
            guard child.isRunning else { throw TestFailure("the holder ended: \(output.text)") }
            return output.text.contains("attached")
        }
    }

    deinit { close(commands) }

    func tell(_ command: String) {
        _ = Array("\(command)\n".utf8).withUnsafeBytes { write(commands, $0.baseAddress, $0.count) }
    }

    /// Lets another process have the connection, too, which `deinit` of what is returned ends.
    func share(_ how: String) throws -> OtherProcess {
        tell(how)
        let found = Box<pid_t?>(nil)
        try waitFor("the other process") {
            guard let line = output.text.split(separator: "\n").first(where: { $0.hasPrefix("child ") }) else {
                return false
            }
            found.change { $0 = pid_t(line.dropFirst(6)) }
            return true
        }
        return OtherProcess(pid: try #require(found.value))
    }

    /// A process that is no child of the tests.
    final class OtherProcess: @unchecked Sendable {
        let pid: pid_t
        init(pid: pid_t) { self.pid = pid }
        func end() { kill(pid, SIGKILL) }
        deinit { end() }
    }
}

extension TestDaemon {
    /// New projects of one credit, processing.
    func begin(_ count: Int) throws -> [String] {
        let connection = try connect()
        _ = try connection.call("grantCredits", ["userId": "ada", "credits": count, "reason": "r"])
        return try (0..<count).map { _ in
            let created = try connection.call("createProject", ["userId": "ada", "credits": 1])
            let id = try #require(created.string("project.projectId"))
            _ = try connection.call("updateStatus", ["projectId": id, "status": "processing"])
            return id
        }
    }

    func project(_ id: String) throws -> Reply { try call("getStatus", ["projectId": id]) }

    func deadline(_ id: String) throws -> String? { try project(id).string("project.deadline") }

    func waitForEnd(of id: String, _ code: String) throws {
        try waitFor("the end of the project") { try project(id).string("project.status") == "failed" }
        let reply = try project(id)
        #expect(reply.string("project.errorCode") == code)
        #expect(reply.int("project.creditsRefunded") == 1)
    }
}

extension Connection {
    /// Pipelined: all are sent before the first answer is read.
    func calls(_ method: String, _ params: [[String: Any]]) throws -> [Reply] {
        try send(params.enumerated().map { try Self.request(method, $1, id: $0) }.joined())
        return try params.map { _ in try reply() }
    }
}
