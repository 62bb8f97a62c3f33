/// The OpenRPC document: every method with its parameters, result and roles, all errors and all limits.
public struct Discover: Sendable {
    public init() {}
    public struct Response: Sendable {
        /// The JSON text of the document.
        public var document: [UInt8]

        /// The daemon's version.
        public var version: String {
            (try? JSONDocument(parsing: document))?.root["info"]?["version"]?.string ?? "unknown"
        }
    }
}

extension Discover: ReadMethod {
    package static let name = "rpc.discover"
    package static let summary = "Get this document."
    package static let roles = [Role].any
    package static let cost = ReadCost.scan
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {}

    package func run(in transaction: ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        Response(document: OpenRPCDocument.write(MethodTable.standard, context.limits))
    }
}

/// The result is the document as it is. It has no list of fields.
extension Discover.Response: Message {
    package static var blank: Self { Self(document: Array("{}".utf8)) }
    package static var schema: Schema { .type("object") }

    package init(json: JSONValue) throws(FieldError) {
        guard json.kind == .object else { throw FieldError("must be an object") }
        document = Array(json.raw)
    }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {}
    package func write(to json: inout JSONWriter) { json.raw(document) }
}
