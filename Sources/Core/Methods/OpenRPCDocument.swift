/// Writes the OpenRPC 1.3 document from the method table, so that it cannot differ from what the daemon does.
enum OpenRPCDocument {
    static func write(_ table: MethodTable, _ limits: Limits) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("openrpc")
        json.string("1.3.2")
        json.key("info")
        json.beginObject()
        json.key("title")
        json.string("lifecycle-rpc")
        json.key("version")
        json.string(version)
        json.endObject()
        json.key("methods")
        json.beginArray()
        for entry in table.entries { write(entry, to: &json) }
        json.endArray()
        writeNotifications(to: &json)
        writeErrors(to: &json)
        writeLimits(limits, to: &json)
        json.endObject()
        return json.bytes
    }

    private static func write(_ entry: MethodEntry, to json: inout JSONWriter) {
        json.beginObject()
        json.key("name")
        json.string(entry.name)
        json.key("summary")
        json.string(entry.summary)
        json.key("paramStructure")
        json.string("either")
        json.key("params")
        json.beginArray()
        for parameter in entry.parameters {
            json.beginObject()
            json.key("name")
            json.string(parameter.name)
            json.key("description")
            json.string(parameter.note)
            json.key("required")
            json.bool(parameter.isRequired)
            json.key("schema")
            parameter.schema.write(to: &json, rule: parameter.rule)
            json.endObject()
        }
        json.endArray()
        json.key("result")
        json.beginObject()
        json.key("name")
        json.string("result")
        json.key("schema")
        entry.result.write(to: &json)
        json.endObject()
        json.key("x-effect")
        json.string(entry.isWrite ? "write" : "read")
        json.key("x-roles")
        entry.roles.map(\.rawValue).write(to: &json)
        json.endObject()
    }

    /// What the daemon sends without being asked each time.
    private static func writeNotifications(to json: inout JSONWriter) {
        json.key("x-notifications")
        json.beginArray()
        json.beginObject()
        json.key("name")
        json.string(Event.notificationMethod)
        json.key("summary")
        json.string("To who called watch: what was committed.")
        json.key("params")
        Event.schema.write(to: &json)
        json.endObject()
        json.endArray()
    }

    private static func writeErrors(to json: inout JSONWriter) {
        json.key("x-errors")
        json.beginArray()
        for kind in ErrorKind.all {
            json.beginObject()
            json.key("code")
            json.integer(kind.code)
            json.key("kind")
            json.string(kind.name)
            json.key("retryable")
            json.bool(kind.retryable)
            json.key("message")
            json.string(kind.meaning)
            json.endObject()
        }
        json.endArray()
    }

    private static func writeLimits(_ limits: Limits, to json: inout JSONWriter) {
        json.key("x-limits")
        json.beginObject()
        for limit in limits.table {
            json.key(escaping: limit.name)
            json.integer(limit.value)
        }
        json.endObject()
    }
}
