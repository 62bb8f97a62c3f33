internal import Foundation
internal import LifecycleCore
internal import Testing

/// Thousands of random sequences, on the store and on the model. LIFECYCLE_MODEL_COUNT sets how many,
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
        return limits
    }()

    @Test("results, errors, balances, entries and events are the model's, and the audit is clean", arguments: files)
    func sequences(seed: UInt64) async throws { try await play(seed: seed, hasAlarm: true) }

    @Test("so they are when no alarm ever rings", arguments: files.prefix(max(files.count / 4, 1)))
    func withoutAlarm(seed: UInt64) async throws { try await play(seed: seed, hasAlarm: false) }

    private func play(seed: UInt64, hasAlarm: Bool) async throws {
        let ledger = try LedgerHarness(Self.limits)
        var generator = ModelGenerator(seed: seed)
        var player = ModelPlayer(ledger, hasAlarm: hasAlarm)
        do {
            for _ in 0..<Self.sequencesPerFile {
                generator.beginSequence()
                try await play(&player, &generator)
            }
            try await player.readAllPages()
            try await player.compareTables()
            try await player.audit()
        } catch {
            Issue.record(
                """
                LIFECYCLE_MODEL_SEED=\(seed) LIFECYCLE_MODEL_COUNT=1 shows this again: \(error)
                \(player.log.suffix(40).joined(separator: "\n"))
                """)
        }
        #expect(ledger.fatalErrors.isEmpty)
        await ledger.close()
    }

    private func play(_ player: inout ModelPlayer, _ generator: inout ModelGenerator) async throws {
        var left = Self.operationsPerSequence
        while left > 0 {
            try await player.advance(milliseconds: generator.timeStep())
            if player.hasAlarm, generator.chance(3) {
                try await player.jump(milliseconds: generator.pick([-90_000, -3000, -2000, 1500, 4000, 86_400_000]))
            } else if generator.chance(2) {
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

extension ModelPlayer {
    func audit() async throws {
        let audit = try await ledger.call(Audit())
        try equal(audit.findings.map(\.check), [], "audit")
        let rows = Int64(model.users.count + model.projects.count + model.entries.count)
        try equal(audit.checked, rows, "rows checked")
    }

    /// Every row of the ledger and of the history, as they stand in the file.
    mutating func compareTables() async throws {
        let (entries, events) = try await ledger.offline { file in
            (
                try file.rows(
                    """
                    SELECT e.kind, userId, e.credits, e.at, ifnull(hex(p.id), '') FROM entry AS e JOIN account AS a
                    ON a.id = e.account LEFT JOIN project AS p ON p.row = e.project ORDER BY e.id
                    """),
                try file.rows(
                    """
                    SELECT e.kind, userId, e.at, ifnull(hex(p.id), ''), e.uid, e.gid, e.pid FROM event AS e JOIN account AS a
                    ON a.id = e.account LEFT JOIN project AS p ON p.row = e.project ORDER BY e.seq
                    """)
            )
        }
        let model = model
        func id(_ project: Int?) -> String {
            let id = project.flatMap { model.projects[$0].id?.description } ?? ""
            return id.uppercased().filter { $0 != "-" }
        }
        let expectedEntries = model.entries.map {
            [$0.kind.rawValue, $0.user, "\($0.credits)", "\($0.at)", id($0.project)]
        }
        let expectedEvents = model.events.map { event in
            let by = event.isByDaemon ? Self.daemon : Caller.tester
            return [event.kind.rawValue, event.user, "\(event.at)", id(event.project)]
                + ["\(by.uid)", "\(by.gid)", "\(by.pid)"]
        }
        // Without an alarm what was touched is settled before what was due for longer.
        func ordered(_ rows: [[String]]) -> [[String]] {
            hasAlarm ? rows : rows.sorted { $0.lexicographicallyPrecedes($1) }
        }
        try equal(ordered(entries), ordered(expectedEntries), "entries")
        try equal(ordered(events), ordered(expectedEvents), "events")
        // The start that `offline` ends with sweeps.
        self.model.restart()
    }
}
