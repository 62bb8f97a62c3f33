/// Why a text is not one valid JSON value.
package struct JSONSyntaxError: Error, Sendable, Equatable {
    /// A few words for people, for example "duplicate member name". They may change, so do not compare them in code.
    package let reason: String
    /// The first invalid byte, counted from 0. If the text ends too early, its length.
    package let offset: Int

    package init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}
