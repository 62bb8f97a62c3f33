/// The OpenRPC document: every method, its parameters and result, who may call it, all errors and all limits.
public struct Discover: Sendable {
    public init() {}
    public struct Response: Sendable {
        /// The document's JSON text.
        public var document: [UInt8]

        /// The daemon's version.
        public var version: String {
            (try? JSONDocument(parsing: document))?.root["info"]?["version"]?.string ?? "unknown"
        }
    }
}

extension Discover: ReadMethod {
    package static let name = "rpc.discover"
    package static let summary = "This document."
    package static let roles = [Role].any
    package static let cost = ReadCost.scan
    package static var blank: Self { Self() }

    package mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) {}

    package func run(in store: any ReadTransaction, _ context: CallContext) throws(RPCError) -> Response {
        Response(document: OpenRPCDocument.write(MethodTable.standard, context.limits))
    }
}

/// The result is the document itself, whose members are not fields of ours.
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
