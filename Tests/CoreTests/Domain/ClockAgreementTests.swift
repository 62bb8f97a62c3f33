internal import LifecycleCore
internal import Testing

@Suite("For how long the clock has been right")
struct ClockAgreementTests {
    private static let minute: Int64 = 60_000
    private static let hour: Int64 = 60 * minute
    private static let day: Int64 = 24 * hour

    /// What happens to a machine.
    struct Machine {
        private(set) var wall: Int64 = 1_800_000_000_000
        private(set) var uptime: Int64 = 10 * minute
        private(set) var agreement: ClockAgreement?
        private(set) var changes: [ClockAgreement.Change] = []

        /// Time passes, asleep or not.
        mutating func pass(_ time: Int64) {
            wall += time
            uptime += time
        }

        mutating func set(by step: Int64) { wall += step }

        /// It is off for a while, and then runs for as long until somebody looks.
        mutating func restart(offFor time: Int64, until look: Int64 = minute) {
            wall += time + look
            uptime = look
        }

        /// A daemon looks at the clock.
        mutating func look() {
            guard agreement != nil else {
                agreement = ClockAgreement(wall: Timestamp(milliseconds: wall), uptime: uptime)
                return
            }
            if let change = agreement?.look(wall: Timestamp(milliseconds: wall), uptime: uptime) {
                changes.append(change)
            }
        }

        var agreed: Int64 { agreement?.agreed ?? -1 }
        var isRight: Bool { agreement?.left == 0 }
    }

    struct Story: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// In milliseconds.
        let agreed: Int64
        let happen: @Sendable (inout Machine) -> Void

        init(_ testDescription: String, agreed: Int64, _ happen: @escaping @Sendable (inout Machine) -> Void) {
            self.testDescription = testDescription
            self.agreed = agreed
            self.happen = happen
        }
    }

    static let stories = [
        Story("a new ledger begins at nothing", agreed: 0) { $0.look() },
        Story("a daemon that runs counts all the time", agreed: day) { machine in
            machine.look()
            for _ in 0..<24 {
                machine.pass(hour)
                machine.look()
            }
        },
        Story("a daemon that was killed counts the time until the next one", agreed: 5 * day) { machine in
            machine.look()
            machine.pass(5 * day)
            machine.look()
        },
        Story("a timer that starts one every ten minutes adds up", agreed: day) { machine in
            for _ in 0..<145 {
                machine.look()
                machine.pass(10 * minute)
            }
        },
        Story("a machine that sleeps does not set its clock", agreed: 3 * day) { machine in
            machine.look()
            machine.pass(3 * day)
            machine.look()
        },
        Story("ten years ahead from the start is right after a day, and not before", agreed: day - 1) { machine in
            machine.set(by: 3650 * day)
            machine.look()
            machine.pass(day - 1)
            machine.look()
        },
        Story("a jump forwards begins anew", agreed: hour) { machine in
            machine.look()
            machine.pass(5 * day)
            machine.look()
            machine.set(by: 3650 * day)
            machine.look()
            machine.pass(hour)
            machine.look()
        },
        Story("a jump back begins anew", agreed: hour) { machine in
            machine.look()
            machine.pass(5 * day)
            machine.set(by: -2 * minute)
            machine.look()
            machine.pass(hour)
            machine.look()
        },
        Story("a jump while nobody runs begins anew", agreed: 0) { machine in
            machine.look()
            machine.pass(5 * day)
            machine.set(by: 10 * day)
            machine.pass(day)
            machine.look()
        },
        Story("steps of seconds, as of NTP, are no jump", agreed: 24 * hour) { machine in
            machine.look()
            for _ in 0..<24 {
                machine.pass(hour)
                machine.set(by: 30_000)
                machine.look()
            }
        },
        Story("a machine that is off at night adds up its days", agreed: 3 * 8 * hour) { machine in
            for _ in 0..<3 {
                machine.look()
                machine.pass(8 * hour)
                machine.look()
                machine.restart(offFor: 16 * hour)
            }
            machine.look()
        },
        Story("a restart forgets nothing but the time that nobody saw", agreed: 5 * hour) { machine in
            machine.look()
            machine.pass(5 * hour)
            machine.look()
            machine.pass(5 * hour)
            machine.restart(offFor: minute)
            machine.look()
        },
        Story("off for more than a day begins anew: the clock may be set meanwhile", agreed: 0) { machine in
            machine.look()
            machine.pass(5 * day)
            machine.look()
            machine.restart(offFor: day + 1)
            machine.look()
        },
        Story("a clock that is ten years ahead after a restart begins anew", agreed: 0) { machine in
            machine.look()
            machine.pass(5 * day)
            machine.look()
            machine.set(by: 3650 * day)
            machine.restart(offFor: minute)
            machine.look()
        },
        Story("a clock that is earlier after a restart begins anew", agreed: 0) { machine in
            machine.look()
            machine.pass(5 * day)
            machine.look()
            machine.set(by: -hour)
            machine.restart(offFor: minute)
            machine.look()
        },
        Story("a restart that looks like none, as it has run for longer by now, begins anew", agreed: 0) { machine in
            machine.look()
            machine.restart(offFor: hour, until: 5 * day)
            machine.look()
        },
        Story("the ends of what can be represented stop nobody", agreed: 0) { machine in
            machine.look()
            machine.set(by: .max - machine.wall)
            machine.look()
            machine.set(by: .min)
            machine.look()
            machine.restart(offFor: 0, until: 0)
            machine.look()
        },
    ]

    @Test("counts what it should", arguments: stories)
    func counts(_ story: Story) {
        var machine = Machine()
        story.happen(&machine)
        #expect(machine.agreed == story.agreed)
        #expect(machine.isRight == (story.agreed >= Self.day))
    }

    @Test("says by how much a clock was set")
    func says() {
        var machine = Machine()
        machine.look()
        machine.pass(Self.hour)
        machine.look()
        machine.set(by: 2 * Self.minute)
        machine.look()
        machine.set(by: -3 * Self.minute)
        machine.look()
        machine.restart(offFor: Self.minute)
        machine.look()
        #expect(machine.changes == [.steady, .set(by: 120_000), .set(by: -180_000), .restarted])
    }
}
