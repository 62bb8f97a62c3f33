import Foundation
import TestSupport
import Testing

/// What becomes of a daemon that gets a signal.
private enum Meaning {
    case stops, nothing
    /// The negative number of the signal, or an exit status.
    case ends(Int32)

    static let stopping: [Int32] = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPWR]

    /// All that can be caught (SIGKILL and SIGSTOP cannot): the named ones, those that the C library keeps for itself,
    /// and some real-time signals, which have one treatment.
    static let all: [Int32] = (1...35).filter { $0 != SIGKILL && $0 != SIGSTOP } + [50, 64]

    init(_ signal: Int32) {
        self =
            switch signal {
            case _ where Self.stopping.contains(signal): .stops
            case SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSEGV, SIGXCPU, SIGSYS: .ends(-signal)
            case SIGBUS: .ends(74)
            default: .nothing
            }
    }
}

@Suite("Signals")
struct SignalTests {
    @Test(
        "each one means an orderly stop, nothing, or a kill, and none of them loses an answer", arguments: Meaning.all)
    func meaning(_ signal: Int32) throws {
        let daemon = try TestDaemon()
        #expect(try daemon.call("grantCredits", ["userId": "ada", "credits": 7, "reason": "r"]).error == nil)
        let connection = try daemon.admittedConnection()
        daemon.send(signal)
        switch Meaning(signal) {
        case .nothing:
            #expect(try connection.call("getBalance", ["userId": "ada"]).int("available") == 7)
            #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 7)
            #expect(daemon.isRunning && !daemon.log.contains("stopping"))
        case .stops:
            #expect(daemon.exitCode() == 0)
            #expect(daemon.log.contains(" stopping"))
            #expect(!FileManager.default.fileExists(atPath: daemon.socket))
            #expect(try Self.size(daemon.database + "-wal") == 0)
        case .ends(let code):
            #expect(daemon.exitCode() == code)
        }
        if daemon.isRunning { #expect(daemon.stop() == 0) }
        let logged = daemon.log.utf8.count
        try daemon.start()
        #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 7)
        #expect(try daemon.call("audit").bool("ok") == true)
        let wasUnclean = String(decoding: daemon.log.utf8.dropFirst(logged), as: UTF8.self)
            .contains("did not end in order")
        if case .ends = Meaning(signal) { #expect(wasUnclean) } else { #expect(!wasUnclean) }
        #expect(daemon.stop() == 0)
    }

    @Test("from the moment at which there is a socket a stop is in order", arguments: Meaning.stopping)
    func early(_ signal: Int32) throws {
        let folder = try ScratchFolder()
        for round in 0..<4 {
            let daemon = try SpawnedDaemon(database: folder.file("l.db"), socket: folder.file("s"))
            while !FileManager.default.fileExists(atPath: folder.file("s")), daemon.child.isRunning {}
            daemon.child.send(signal)
            #expect(daemon.child.exitCode() == 0, "\(daemon.log)")
            #expect(!FileManager.default.fileExists(atPath: folder.file("s")))
            #expect(!daemon.log.contains("did not end in order"), "round \(round)")
        }
    }

    @Test("one that comes while it starts is obeyed when it has started, and its work is done first")
    func whileStarting() throws {
        let folder = try ScratchFolder()
        // Blocked until the daemon takes it, it comes before anything is opened.
        let script = """
            import os, signal, sys
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            os.kill(os.getpid(), signal.SIGTERM)
            os.execv(sys.argv[1], sys.argv[1:])
            """
        let daemon = try SpawnedDaemon(
            database: folder.file("l.db"), socket: folder.file("s"), wrapper: ["python3", "-c", script])
        #expect(daemon.child.exitCode() == 0, "\(daemon.log)")
        #expect(daemon.log.contains(" ready ") && daemon.log.contains(" stopping"))
        #expect(try Self.size(folder.file("l.db-wal")) == 0)
        #expect(!FileManager.default.fileExists(atPath: folder.file("s")))
    }

    @Test("others in the middle of a stop change nothing")
    func late() throws {
        let daemon = try TestDaemon(["--drain-timeout", "60"])
        #expect(try daemon.call("grantCredits", ["userId": "ada", "credits": 7, "reason": "r"]).error == nil)
        let connection = try daemon.admittedConnection()
        let requests = (1...40).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"rpc.discover"}"# + "\n" }
        try connection.send(requests.joined())
        try waitFor("much to be unsent") { try daemon.call("getMetrics").served("rpc.discover") > 5 }
        daemon.send(SIGHUP)
        try waitFor("connections to be refused") { (try? daemon.connect()) == nil }
        for signal in Meaning.all {
            if case .ends = Meaning(signal) { continue }
            daemon.send(signal)
        }
        #expect(try connection.lines().count == 40)
        #expect(daemon.exitCode() == 0)
        #expect(try Self.size(daemon.database + "-wal") == 0)
    }

    @Test(
        "it can be stopped though whoever started it ignored and blocked everything; nohup is heeded",
        arguments: Meaning.stopping)
    func inherited(_ signal: Int32) throws {
        let folder = try ScratchFolder()
        let daemon = try SpawnedDaemon(
            database: folder.file("l.db"), socket: folder.file("s"),
            wrapper: ["env", "--ignore-signal", "--block-signal"]
        ).waitUntilServing()
        daemon.child.send(signal)
        if signal == SIGHUP {
            #expect(try daemon.call("getBalance", ["userId": "ada"]).int("available") == 0)
            daemon.child.send(SIGTERM)
        }
        #expect(daemon.child.exitCode() == 0)
    }

    @Test("nor does it hold off the watchdog", arguments: [SIGABRT, SIGSEGV])
    func inheritedEnd(_ signal: Int32) throws {
        let folder = try ScratchFolder()
        let daemon = try SpawnedDaemon(
            database: folder.file("l.db"), socket: folder.file("s"),
            wrapper: ["env", "--ignore-signal", "--block-signal"]
        ).waitUntilServing()
        daemon.child.send(signal)
        #expect(daemon.child.exitCode() == -signal)
    }

    private static func size(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
    }
}
