internal import LifecycleCore

/// The whole content of a value in one line of ASCII, the same as `strict_json.py` writes: names and strings as the
/// hexadecimal digits of their UTF-8, numbers as the exact integer and the bits of the double, `~` for none.
func canonicalForm(of value: JSONValue) -> String {
    switch value.kind {
    case .null: return "n"
    case .true: return value.bool == true ? "t" : "wrong"
    case .false: return value.bool == false ? "f" : "wrong"
    case .string: return "\"\(hexadecimal(Array((value.string ?? "wrong").utf8)))\""
    case .number:
        let integer = value.integer.map { String($0) } ?? "~"
        let double = value.double.map { String($0.bitPattern, radix: 16) } ?? "~"
        return "\(integer):\(double)"
    case .array: return "[\(value.elements.map { canonicalForm(of: $0) }.joined(separator: ","))]"
    case .object:
        let members = value.members.map { "\(canonicalForm(of: $0.name))=\(canonicalForm(of: $0.value))" }
        return "{\(members.joined(separator: ","))}"
    }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
        for (index, byte) in bytes.enumerated() {
            buffer[index * 2] = digits[Int(byte >> 4)]
            buffer[index * 2 + 1] = digits[Int(byte & 15)]
        }
        return bytes.count * 2
    }
}

func parseJSON(_ text: String) throws(JSONSyntaxError) -> JSONValue {
    try JSONDocument(parsing: Array(text.utf8)).root
}

func parseJSON(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
    try JSONDocument(parsing: bytes).root
}

/// The syntax error of a text, nil when it is accepted.
func syntaxError(_ bytes: [UInt8]) -> JSONSyntaxError? {
    do throws(JSONSyntaxError) {
        _ = try JSONDocument(parsing: bytes)
        return nil
    } catch {
        return error
    }
}

func syntaxError(_ text: String) -> JSONSyntaxError? {
    syntaxError(Array(text.utf8))
}
