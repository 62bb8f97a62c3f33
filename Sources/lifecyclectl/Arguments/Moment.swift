internal import ArgumentParser
internal import Glibc
internal import LifecycleCore

/// A time, given as an age (`30m`, `2h`, `7d`), as a day (`2026-11-20`, which is 00:00 UTC) or in RFC 3339.
struct Moment: ExpressibleByArgument {
    let timestamp: Timestamp

    init?(argument: String) {
        if let seconds = Self.seconds(argument) {
            timestamp = Timestamp.now.adding(seconds: -seconds)
        } else if let time = Timestamp(argument) ?? Timestamp(argument + "T00:00:00Z") {
            timestamp = time
        } else {
            return nil
        }
    }

    private static func seconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), count >= 0 else {
            return nil
        }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: unit)
        return overflow ? nil : seconds
    }
}

extension Timestamp {
    /// By the wall clock of this machine.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
