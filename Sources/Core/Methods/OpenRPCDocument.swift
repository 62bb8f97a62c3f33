/// Writes the OpenRPC 1.3 document from the method table, so that it cannot differ from the daemon.
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
        json.key("description")
        json.string(
            "One JSON text per line over a Unix socket. Texts are limited in bytes of UTF-8, and maxLength "
                + "is an upper bound in characters. See protocol.md.")
        json.endObject()
        json.key("methods")
        json.beginArray()
        let schemas = SchemaWriter(limits: limits)
        for entry in table.entries { write(entry, schemas, to: &json) }
        json.endArray()
        json.key("components")
        json.beginObject()
        json.key("schemas")
        let used = table.entries.flatMap { $0.parameters.map(\.schema) + [$0.result] } + [Event.schema]
        schemas.writeComponents(of: used, to: &json)
        json.key("errors")
        writeComponentErrors(to: &json)
        json.endObject()
        writeNotifications(schemas, to: &json)
        writeErrors(to: &json)
        writeLimits(limits, to: &json)
        json.endObject()
        return json.bytes
    }

    private static func write(_ entry: MethodEntry, _ schemas: SchemaWriter, to json: inout JSONWriter) {
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
            let isOneOf = entry.needsOneOf.contains(parameter.name)
            json.string(
                parameter.description
                    + (isOneOf ? " Give at least one of \(entry.needsOneOf.joined(separator: " and "))." : ""))
            json.key("required")
            json.bool(parameter.isRequired)
            json.key("schema")
            schemas.write(parameter.schema, rule: parameter.rule, to: &json)
            json.endObject()
        }
        json.endArray()
        json.key("result")
        json.beginObject()
        json.key("name")
        json.string("result")
        if case .object(_, let note, _) = entry.result, !note.isEmpty {
            json.key("description")
            json.string(note)
        }
        json.key("schema")
        schemas.write(entry.result, to: &json)
        json.endObject()
        json.key("errors")
        json.beginArray()
        for kind in entry.errors + ErrorKind.common.filter({ !entry.errors.contains($0) })
            + (entry.isWrite ? ErrorKind.ofWrites : [])
        {
            json.beginObject()
            json.key("$ref")
            json.string("#/components/errors/\(kind.name)")
            json.endObject()
        }
        json.endArray()
        if !entry.needsOneOf.isEmpty {
            json.key("x-needs-one-of")
            entry.needsOneOf.write(to: &json)
        }
        json.key("x-effect")
        json.string(entry.isWrite ? "write" : "read")
        json.key("x-roles")
        entry.roles.map(\.rawValue).write(to: &json)
        json.endObject()
    }

    /// The notifications that the daemon sends.
    private static func writeNotifications(_ schemas: SchemaWriter, to json: inout JSONWriter) {
        json.key("x-notifications")
        json.beginArray()
        json.beginObject()
        json.key("name")
        json.string(Event.notificationMethod)
        json.key("summary")
        json.string("Sent after watch: one committed event.")
        json.key("params")
        schemas.write(Event.schema, to: &json)
        json.endObject()
        json.endArray()
    }

    private static func writeComponentErrors(to json: inout JSONWriter) {
        json.beginObject()
        for kind in ErrorKind.all {
            json.key(escaping: kind.name)
            json.beginObject()
            json.key("code")
            json.integer(kind.code)
            json.key("message")
            json.string(kind.meaning)
            json.endObject()
        }
        json.endObject()
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
        for limit in Limits.table {
            json.key(escaping: limit.name)
            json.integer(limit.value(limits))
        }
        json.endObject()
    }
}
