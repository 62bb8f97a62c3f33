internal import LifecycleCore

/// A request: a method and its parameters as JSON text.
struct Call: Sendable, CustomStringConvertible {
    let method: String
    let params: String

    init(_ method: String, _ params: String = "{}") {
        self.method = method
        self.params = params
    }

    init<M: LifecycleCore.Method>(_ method: M) {
        self.init(M.name, jsonText(of: method))
    }

    var description: String { "\(method) \(params)" }

    /// As the dispatcher does it: the method first, then its parameters.
    func bind() throws(RPCError) -> BoundCall {
        let text = "{\"method\":\"\(method)\",\"params\":\(params)}"
        let request: JSONValue
        do throws(JSONSyntaxError) {
            request = try JSONDocument(parsing: Array(text.utf8)).root
        } catch {
            throw .parseError(error)
        }
        guard let name = request["method"] else { throw .invalidRequest("no method") }
        return try MethodTable.standard.entry(named: name).bind(request["params"])
    }
}

func jsonText(of message: some Message) -> String {
    var json = JSONWriter()
    message.write(to: &json)
    return String(decoding: json.bytes, as: UTF8.self)
}

func text(_ reply: Reply) -> [UInt8] {
    var json = JSONWriter()
    reply(&json)
    return json.bytes
}

extension RPCError {
    var namedFields: [String: Field.Value] {
        Dictionary(fields.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}

extension Message {
    /// Reads a result as a client would.
    static func decoded(_ text: [UInt8]) throws(RPCError) -> Self {
        do {
            return try Self(json: JSONDocument(parsing: text).root)
        } catch {
            throw .internalError("the result is no \(Self.self): \(error) in \(String(decoding: text, as: UTF8.self))")
        }
    }
}
