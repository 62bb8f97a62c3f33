internal import LifecycleCore

/// A request whose response also keeps the text that the daemon sent, for `--json`.
struct Verbatim<Request: Method>: Method {
    var request: Request

    init(_ request: Request) { self.request = request }

    struct Response: Message {
        var value: Request.Response
        var json: [UInt8]
    }

    static var name: String { Request.name }
    static var summary: String { Request.summary }
    static var roles: [Role] { Request.roles }
    static var blank: Self { Self(.blank) }

    var isRepeatable: Bool { request.isRepeatable }
    mutating func validate() throws(RPCError) { try request.validate() }
    var key: String? { request.key }
    mutating func addKey(_ make: () -> String) { request.addKey(make) }
    mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) { try request.visit(&fields) }
}

extension Verbatim.Response {
    static var blank: Self { Self(value: .blank, json: []) }

    init(json: JSONValue) throws(FieldError) {
        self.init(value: try Request.Response(json: json), json: Array(json.raw))
    }

    mutating func visit(_ fields: inout some FieldVisitor) throws(RPCError) { try value.visit(&fields) }
}
