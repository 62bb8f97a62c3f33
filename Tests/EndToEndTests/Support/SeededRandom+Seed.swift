import Foundation
import TestSupport

extension SeededRandom {
    /// A new seed in every run, printed so that it can be given again by `FAULT_SEED`.
    static func seed(for test: String) -> UInt64 {
        let given = ProcessInfo.processInfo.environment["FAULT_SEED"].flatMap(UInt64.init)
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("\(test): FAULT_SEED=\(seed)")
        return seed
    }
}
