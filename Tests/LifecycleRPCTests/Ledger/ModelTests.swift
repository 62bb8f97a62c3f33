internal import Foundation
internal import LifecycleCore
internal import Testing

/// Thousands of random sequences, on a ledger and on the model. LIFECYCLE_MODEL_COUNT sets how many,
/// LIFECYCLE_MODEL_SEED where they begin.
@Suite("Random sequences agree with the model", .ledgers)
struct ModelTests {
    /// Sequences that share a file, a clock and a model.
    static let sequencesPerFile = 20
    static let operationsPerSequence = 16

    static let files: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["LIFECYCLE_MODEL_COUNT"].flatMap(Int.init) ?? 2000
        let seed = environment["LIFECYCLE_MODEL_SEED"].flatMap(UInt64.init) ?? 20_261_123
        return (0..<max(count / sequencesPerFile, 1)).map { seed &+ UInt64($0) }
    }()

    static let limits: Limits = {
        var limits = Limits()
        limits.maximumProjectCredits = 100
        limits.startTimeout = 60
        limits.lease = 20
        limits.maximumRuntime = 200
        limits.maximumPause = 300
        return limits
    }()

    @Test("results, errors, balances, entries and events are the model's, and the audit is clean", arguments: files)
    func sequences(seed: UInt64) async throws { try await play(seed: seed, hasAlarm: true) }

    @Test("so they are of the daemon that web apps are tested with", arguments: files)
    func inProcess(seed: UInt64) async {
        var player = ModelPlayer(InProcessSubject(Self.limits))
        await Self.play(seed: seed, &player, jump: nil)
    }

    @Test("so they are when no alarm ever rings", arguments: files.prefix(max(files.count / 4, 1)))
    func withoutAlarm(seed: UInt64) async throws { try await play(seed: seed, hasAlarm: false) }

    private func play(seed: UInt64, hasAlarm: Bool) async throws {
        let ledger = try LedgerHarness(Self.limits)
        var player = ModelPlayer(ledger, hasAlarm: hasAlarm)
        await Self.play(seed: seed, &player) { player, step in try await player.jump(milliseconds: step) }
        do { try await player.compareTables() } catch { Issue.record("LIFECYCLE_MODEL_SEED=\(seed): \(error)") }
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }

    typealias Jump<Ledger: ModelSubject> =
        (inout ModelPlayer<Ledger>, _ milliseconds: Int64) async throws -> Void

    /// - Parameter jump: sets the clock; nil: this daemon would not notice it.
    static func play<Ledger>(seed: UInt64, _ player: inout ModelPlayer<Ledger>, jump: Jump<Ledger>?) async {
        var generator = ModelGenerator(seed: seed)
        do {
            for _ in 0..<sequencesPerFile {
                generator.beginSequence()
                try await play(&player, &generator, jump)
            }
            try await player.readAllPages()
            try await player.audit()
        } catch {
            Issue.record(
                """
                LIFECYCLE_MODEL_SEED=\(seed) LIFECYCLE_MODEL_COUNT=1 shows this again: \(error)
                \(player.log.suffix(40).joined(separator: "\n"))
                """)
        }
    }

    private static func play<Ledger>(
        _ player: inout ModelPlayer<Ledger>, _ generator: inout ModelGenerator, _ jump: Jump<Ledger>?
    ) async throws {
        var left = operationsPerSequence
        while left > 0 {
            try await player.advance(milliseconds: generator.timeStep())
            if let jump, player.hasAlarm, generator.chance(3) {
                try await jump(&player, generator.pick([-90_000, -3000, -2000, 1500, 4000, 86_400_000]))
            } else if generator.chance(2), jump != nil || !player.model.hasFuture {
                try await player.restart()
            } else if generator.chance(50) {
                try await player.read(generator.read(player.model))
                left -= 1
            } else {
                let operations = (0..<generator.pick([1, 1, 2, 5])).map { _ in generator.write(player.model) }
                try await player.write(operations)
                left -= operations.count
            }
        }
        if generator.chance(20) { try await player.audit() }
    }
}
