/// A JSON object that the daemon keeps and returns, as text without white space between values. The daemon parses it
/// only to compare it with the metadata of a repeated request. `==` compares the texts.
public struct Metadata: Sendable, Equatable {
    package let text: [UInt8]
    package init(text: [UInt8]) { self.text = text }

    /// The daemon's default limit, without the two levels of the request around it. If it was deeper, the daemon could
    /// not read the request, and the client would have to end its connection with all calls.
    private static let maximumDepth = JSONDocument.defaultMaximumDepth - 2

    /// - Parameter json: the text of a JSON object, at most 16 KiB without white space between values, and at most 62
    ///   levels deep.
    /// - Throws: `invalidParams`.
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

    /// Whether both have the same JSON value: the order of members and the spelling of numbers and strings may differ.
    package func hasSameValue(as other: Metadata) -> Bool {
        if text == other.text { return true }
        do throws(JSONSyntaxError) {
            // No depth limit: both were within the limits when they were accepted.
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
