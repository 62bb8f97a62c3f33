/// A JSON object that the daemon keeps and gives back as text without needless white space. It looks into it only to see
/// whether a repeated request says the same. `==` compares the texts.
public struct Metadata: Sendable, Equatable {
    package let text: [UInt8]
    package init(text: [UInt8]) { self.text = text }

    /// The nesting that a daemon takes by default, without the two levels that a request puts around it. What is deeper
    /// would make the whole request unreadable, so that its connection ends, with everybody's calls.
    private static let maximumDepth = JSONDocument.defaultMaximumDepth - 2

    /// - Parameter json: the text of a JSON object, at most 16 KiB without needless white space, and 62 levels deep.
    /// - Throws: `invalidParams` when it is not one.
    public init(json: String) throws(RPCError) {
        do {
            self = try Metadata(json: JSONDocument(parsing: Array(json.utf8), maximumDepth: Self.maximumDepth).root)
        } catch let error as JSONSyntaxError {
            throw .invalidParams("metadata", "\(error.reason) at byte \(error.offset)")
        } catch let error as FieldError {
            throw .invalidParams("metadata", error.reason)
        } catch {
            throw .invalidParams("metadata", "must be an object")
        }
    }

    /// The text of the object.
    public var json: String { String(decoding: text, as: UTF8.self) }

    /// Whether both say the same as JSON: members may stand in another order, numbers and strings be spelled otherwise.
    package func hasSameValue(as other: Metadata) -> Bool {
        if text == other.text { return true }
        do throws(JSONSyntaxError) {
            // Both were read within the limits of their time.
            let mine = try JSONDocument(parsing: text, maximumDepth: .max)
            let theirs = try JSONDocument(parsing: other.text, maximumDepth: .max)
            return mine.root.hasSameValue(as: theirs.root)
        } catch {
            return false
        }
    }
}

extension Metadata? {
    package func hasSameValue(as other: Metadata?) -> Bool {
        switch (self, other) {
        case (nil, nil): true
        case (let a?, let b?): a.hasSameValue(as: b)
        default: false
        }
    }
}

extension Metadata: FieldValue {
    package static var blank: Metadata { Metadata(text: Array("{}".utf8)) }
    package static var schema: Schema { .type("object") }
    package static let maximumBytes = 16 * 1024

    package init(json: JSONValue) throws(FieldError) {
        guard json.kind == .object else { throw FieldError("must be an object") }
        text = json.minified()
        guard text.count <= Self.maximumBytes else {
            throw FieldError("must have at most \(Self.maximumBytes) bytes")
        }
    }

    package func write(to json: inout JSONWriter) { json.raw(text) }
}
