/// The pause before the next try. It doubles each time, to spare an overloaded daemon, and is partly random, so that
/// many clients do not try at the same moment.
enum Backoff {
    /// - Parameter failures: the number of failed tries, 1 or more.
    /// - Returns: 5 to 10 ms after the first failure, at most 500 ms.
    static func delay(after failures: Int) -> Duration {
        let longest = 10 << min(max(0, failures - 1), 6)
        return .milliseconds(Int.random(in: min(longest, 500) / 2...min(longest, 500)))
    }
}
