import Foundation

/// As much of JSON Schema as `rpc.discover` uses, and stricter: a member that is not described is a fault, too.
struct SchemaCheck {
    let schemas: [String: [String: Any]]

    init(_ document: [String: Any]) {
        let components = document["components"] as? [String: Any]
        schemas = components?["schemas"] as? [String: [String: Any]] ?? [:]
    }

    /// What is wrong, a sentence each.
    func faults(of value: Any, _ schema: [String: Any], _ path: String = "result") -> [String] {
        if let reference = schema["$ref"] as? String {
            guard let named = schemas[reference.replacing("#/components/schemas/", with: "")] else {
                return ["\(path): \(reference) is nowhere"]
            }
            return faults(of: value, named, path)
        }
        if let choices = schema["anyOf"] as? [[String: Any]] {
            return choices.contains { faults(of: value, $0, path).isEmpty } ? [] : ["\(path): none of the choices"]
        }
        if let words = schema["enum"] as? [String], !words.contains(value as? String ?? "") {
            return ["\(path): \(value) is not one of \(words)"]
        }
        switch schema["type"] as? String {
        case "object": return faults(ofObject: value, schema, path)
        case "array":
            guard let list = value as? [Any], let items = schema["items"] as? [String: Any] else {
                return ["\(path): no array"]
            }
            return list.enumerated().flatMap { faults(of: $1, items, "\(path)[\($0)]") }
        case "string":
            guard let text = value as? String else { return ["\(path): no string"] }
            let range = (schema["minLength"] as? Int ?? 0)...(schema["maxLength"] as? Int ?? .max)
            return range.contains(text.utf8.count) ? [] : ["\(path): \(text.utf8.count) bytes"]
        case "integer", "number":
            guard let number = value as? NSNumber, !Self.isBool(number) else { return ["\(path): no number"] }
            let range = (schema["minimum"] as? Double ?? -.infinity)...(schema["maximum"] as? Double ?? .infinity)
            if schema["type"] as? String == "integer", number.doubleValue.rounded() != number.doubleValue {
                return ["\(path): \(number) is no integer"]
            }
            return range.contains(number.doubleValue) ? [] : ["\(path): \(number) is out of its range"]
        case "boolean": return (value as? NSNumber).map(Self.isBool) == true ? [] : ["\(path): no boolean"]
        default: return ["\(path): the schema has no type"]
        }
    }

    private func faults(ofObject value: Any, _ schema: [String: Any], _ path: String) -> [String] {
        guard let object = value as? [String: Any] else { return ["\(path): no object"] }
        guard let properties = schema["properties"] as? [String: [String: Any]] else { return [] }
        let required = schema["required"] as? [String] ?? []
        var found = required.filter { object[$0] == nil }.map { "\(path).\($0) is missing" }
        for (name, member) in object {
            if let described = properties[name] {
                found += faults(of: member, described, "\(path).\(name)")
            } else {
                found.append("\(path).\(name) is not described")
            }
        }
        return found
    }

    /// A boolean and the numbers 0 and 1 are alike in Foundation but for their C type.
    private static func isBool(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
