internal import Foundation

/// Why a test could not do what it was about to check.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Waits for a condition, as long as a slow machine may need.
package func waitFor(_ what: String, atMost seconds: Double = 300, _ condition: () throws -> Bool) throws {
    let end = Date().addingTimeInterval(seconds)
    while try !condition() {
        guard Date() < end else { throw TestFailure("waited \(seconds) s in vain for \(what)") }
        usleep(2000)
    }
}
