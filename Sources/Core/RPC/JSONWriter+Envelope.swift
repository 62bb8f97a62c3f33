extension JSONWriter {
    /// Begins the object of a JSON-RPC 2.0 message, with its version and its id, if any. `endObject()` ends it.
    package mutating func beginEnvelope(id: ArraySlice<UInt8>? = nil) {
        beginObject()
        key("jsonrpc")
        string("2.0")
        guard let id else { return }
        key("id")
        raw(id)
    }

    /// The line of a request, including its LF.
    /// - Parameter params: a JSON object or array.
    package static func request(_ method: String, params: [UInt8], id: Int64) -> [UInt8] {
        var json = JSONWriter(capacity: params.count + method.utf8.count + 48)
        json.beginEnvelope()
        json.key("id")
        json.integer(id)
        json.key("method")
        json.string(method)
        json.key("params")
        json.raw(params)
        json.endObject()
        json.newline()
        return json.take()
    }
}
