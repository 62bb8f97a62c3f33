internal import LifecycleCore
internal import TestSupport
internal import Testing

@Suite("Project ids")
struct ProjectIDTests {
    @Test("are UUIDs of version 7, variant 1, that carry their millisecond")
    func layout() {
        var random = SeededRandom(seed: 1)
        for milliseconds in [0, 1, 1_795_438_879_042, 0xFFFF_FFFF_FFFF] as [Int64] {
            var generator = ProjectIDGenerator()
            for _ in 0..<100 {
                let id = generator.next(at: Timestamp(milliseconds: milliseconds), random: &random)
                let text = Array(id.description)
                #expect(text[14] == "7")
                #expect("89ab".contains(text[19]))
                #expect(Int64(id.high >> 16) == milliseconds)
            }
        }
    }

    @Test("an example of RFC 9562 is read and written as it stands there")
    func example() throws {
        let id = try #require(ProjectID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"))
        #expect(id.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
        #expect(id.high == 0x017F_22E2_79B0_7CC3 && id.low == 0x98C4_DC0C_0C07_398F)
    }

    @Test("text comes back")
    func roundTrip() {
        var random = SeededRandom(seed: 2)
        for _ in 0..<2000 {
            let id = ProjectID(high: random.next(), low: random.next())
            #expect(ProjectID(id.description) == id)
            #expect(ProjectID(id.description.uppercased()) == id)
            #expect(Array(id.description.utf8) == id.text)
        }
    }

    @Test(
        "are not read from anything but 32 digits and 4 hyphens in their places",
        arguments: [
            "", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
            "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
            " 017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f ",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f-",
            "017f22e2-79b0-7cc3-98c4-", "------------------------------------",
            "017f22e2\u{2010}79b0-7cc3-98c4-dc0c0c07398f",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398\u{FF46}",
        ])
    func refused(_ text: String) {
        #expect(ProjectID(text) == nil)
    }

    /// Ids in the order they were made, from what the clock shows at each.
    private func make(_ times: [Int64], after newest: ProjectID? = nil) -> [ProjectID] {
        var random = SeededRandom(seed: 3)
        var generator = ProjectIDGenerator(after: newest)
        return times.map { generator.next(at: Timestamp(milliseconds: $0), random: &random) }
    }

    private func grow(_ ids: [ProjectID]) -> Bool {
        zip(ids, ids.dropFirst()).allSatisfy {
            ($0.high, $0.low) < ($1.high, $1.low) && $0.description < $1.description
        }
    }

    @Test("grow while the clock stands still, also beyond what its counter holds")
    func clockStandsStill() {
        let ids = make(Array(repeating: 1000, count: 20_000))
        #expect(grow(ids))
        #expect((ids.last?.high ?? 0) >> 16 > 1000)
    }

    @Test("grow when the clock goes back, and follow it again once it has caught up")
    func clockGoesBack() {
        let ids = make([5000, 5001, 10, 9, -1, .min, 5001, 5002, 9000])
        #expect(grow(ids))
        #expect((ids.last?.high ?? 0) >> 16 == 9000)
    }

    @Test(
        "grow over a restart, whatever the newest one was",
        arguments: [0, 0xFFF, 0x7FF] as [UInt64], [999, 1000, 1001, 5_000_000] as [UInt64])
    func restart(_ counter: UInt64, _ millisecond: UInt64) {
        let newest = ProjectID(high: millisecond << 16 | 0x7000 | counter, low: .max)
        #expect(grow([newest] + make([1000, 1000, 999, 1001], after: newest)))
    }

    @Test("a clock at the end of all time does not trap")
    func endOfTime() {
        #expect(make([.max, .max, .max]).count == 3)
    }

    @Test("the same millisecond gives no two alike, also from different processes")
    func unlike() {
        var random = SystemRandomNumberGenerator()
        var seen: Set<ProjectID> = []
        for _ in 0..<2000 {
            var generator = ProjectIDGenerator()
            seen.insert(generator.next(at: Timestamp(milliseconds: 1000), random: &random))
        }
        #expect(seen.count == 2000)
    }
}
