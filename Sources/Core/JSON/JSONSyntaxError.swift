/// Why a text is not one valid JSON value.
package struct JSONSyntaxError: Error, Sendable, Equatable {
    /// A few words for humans, such as "duplicate member name". May change; never compare it in code.
    package let reason: String
    /// The byte, counted from 0, at which the text stops being valid; its length when it ends too early.
    package let offset: Int

    package init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}
