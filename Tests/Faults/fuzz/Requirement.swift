import Glibc

/// What must hold whatever the input is: where it does not, the fuzzer keeps the input.
func require(_ holds: Bool, _ message: @autoclosure () -> String) {
    guard !holds else { return }
    tell("does not hold: \(message())")
    abort()
}

/// Counts what was tried and says it when the fuzzer ends, which is at FUZZ_COUNT if that is given.
enum Tally {
    /// Fuzzers run their inputs one after the other, on one thread.
    nonisolated(unsafe) private static var count = 0
    private static let most = getenv("FUZZ_COUNT").flatMap { Int(String(cString: $0)) } ?? .max
    private static let saysItAtTheEnd: Bool = atexit { tell("tried: \(Tally.count)") } == 0

    static func add(_ number: Int) {
        require(saysItAtTheEnd, "atexit")
        count += number
        guard count >= most else { return }
        tell("tried: \(count)")
        // Without what is to be done at exit, as to libFuzzer that an input ends the process is a crash.
        _exit(0)
    }
}

private func tell(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
}

/// Choices that depend on the input alone, so that the same input is always tried in the same way.
struct Choices {
    private var state: UInt64

    init(_ bytes: [UInt8]) { state = bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } }

    /// At least 0 and below `limit`. (SplitMix64.)
    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((bits ^ (bits >> 31)) % UInt64(limit))
    }
}
