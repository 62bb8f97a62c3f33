import Foundation
import TestSupport
import Testing

@Suite("kill -9 at random moments")
struct KillTests {
    /// `FAULT_KILLS` for more; `FAULT_SEED` for the same ones again.
    private static let kills = ProcessInfo.processInfo.environment["FAULT_KILLS"].flatMap(Int.init) ?? 100
    private static let clients = 4

    @Test("every answered write is there afterwards, nothing is half done, and a retry with its key charges once")
    func killsUnderLoad() throws {
        var random = SeededRandom(seed: SeededRandom.seed(for: "kill -9"))
        let daemon = try TestDaemon()
        let books = (0..<Self.clients).map { Bookkeeper(user: "user\($0)", seed: random.next()) }
        try inThreads(Self.clients) { try books[$0].settle(daemon.connect()) }

        for _ in 0..<Self.kills {
            let isReady = Box(0)
            // Not a wait for anything: the moment of the kill is what is random.
            let delay = UInt32.random(in: 0...30_000, using: &random)
            let victim = daemon.pid
            Thread {
                try? waitFor("the load", atMost: 10) { isReady.value == Self.clients }
                usleep(delay)
                kill(victim, SIGKILL)
            }.start()
            try inThreads(Self.clients) { index in
                let connection = try? daemon.connect()
                isReady.change { $0 += 1 }
                if let connection { books[index].work(connection) }
            }
            #expect(daemon.exitCode() == -SIGKILL)

            if Int.random(in: 0..<10, using: &random) == 0 {
                // Another one while it starts, in the middle of what repairs the last.
                try daemon.launch()
                usleep(UInt32.random(in: 0...60_000, using: &random))
                daemon.kill()
            }
            try daemon.start()
            try inThreads(Self.clients) { try books[$0].settle(daemon.connect()) }
            #expect(try daemon.call("audit").bool("ok") == true)
        }

        try inThreads(Self.clients) { try books[$0].compareAll(daemon.connect()) }
        let answered = books.map(\.answered).reduce(0, +)
        let unknown = books.map(\.unknown).reduce(0, +)
        let applied = books.map(\.appliedUnknown).reduce(0, +)
        print(
            "kill -9: \(Self.kills) kills, \(answered) writes answered, \(unknown) not, of which \(applied) were applied"
        )
        #expect(answered > Self.kills)
        #expect(unknown > 0, "the kills hit a daemon at work")
        #expect(!daemon.log.contains("inconsistent"))
        #expect(daemon.stop() == 0)
    }
}
