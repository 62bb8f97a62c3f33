/// How long to wait before a further try: it doubles, so that a daemon in trouble is left alone, and part of it is
/// chance, so that many clients do not come back at one moment.
enum Backoff {
    /// - Parameter failures: how many tries have failed, 1 or more. 10 ms at first, half a second at most.
    static func delay(after failures: Int) -> Duration {
        let longest = 10 << min(max(0, failures - 1), 6)
        return .milliseconds(Int.random(in: min(longest, 500) / 2...min(longest, 500)))
    }
}
