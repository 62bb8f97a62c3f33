import LifecycleCore
import Plain

/// What the daemon's parser accepts, and the value that it reads, must be what is accepted and read plainly; and so
/// must it be of what is written of that value again.
/// - Returns: the value.
@discardableResult
func checkReading(of text: [UInt8]) -> PlainValue? {
    let plain = PlainValue.read(text)
    do throws(JSONSyntaxError) {
        let value = try JSONDocument(parsing: text).root
        guard let plain else {
            require(false, "accepted what is no strict JSON")
            return nil
        }
        var expected: [UInt8] = []
        plain.write(to: &expected)
        require(content(of: value) == expected, "read \(shown(content(of: value))), plainly \(shown(expected))")
        var json = JSONWriter()
        write(value, to: &json)
        for again in [value.minified(), json.bytes] {
            let second = try JSONDocument(parsing: again).root
            require(content(of: second) == expected, "\(shown(again)) is read as \(shown(content(of: second)))")
        }
    } catch {
        require(plain == nil, "refused: \(error.reason) at \(error.offset)")
        require((0...text.count).contains(error.offset), "the offset \(error.offset) is outside of the text")
    }
    return plain
}

private func content(of value: JSONValue) -> [UInt8] {
    var content: [UInt8] = []
    write(value, to: &content)
    return content
}

/// As `PlainValue.write(to:)` does.
private func write(_ value: JSONValue, to content: inout [UInt8]) {
    switch value.kind {
    case .object:
        content.append(UInt8(ascii: "{"))
        for (name, value) in value.members {
            PlainValue.write(string: (name.string ?? "").utf8, to: &content)
            write(value, to: &content)
        }
        content.append(UInt8(ascii: "}"))
    case .array:
        content.append(UInt8(ascii: "["))
        for element in value.elements { write(element, to: &content) }
        content.append(UInt8(ascii: "]"))
    case .string: PlainValue.write(string: (value.string ?? "").utf8, to: &content)
    case .number: PlainValue.write(number: value.integer, value.double, to: &content)
    case .true: content += (value.bool == true ? "true" : "wrong").utf8
    case .false: content += (value.bool == false ? "false" : "wrong").utf8
    case .null: content += "null".utf8
    }
}

/// As JSON. Numbers that neither an integer nor a double stands for stay as they are.
private func write(_ value: JSONValue, to json: inout JSONWriter) {
    switch value.kind {
    case .object:
        json.beginObject()
        for (name, value) in value.members {
            json.key(escaping: name.string ?? "")
            write(value, to: &json)
        }
        json.endObject()
    case .array:
        json.beginArray()
        for element in value.elements { write(element, to: &json) }
        json.endArray()
    case .string: json.string(value.string ?? "")
    case .number:
        if let integer = value.integer, integer != 0 {
            json.integer(integer)
        } else if let double = value.double, double != double.rounded() {
            json.number(double)
        } else {
            json.raw(value.raw)
        }
    case .true: json.bool(true)
    case .false: json.bool(false)
    case .null: json.null()
    }
}

private func shown(_ text: [UInt8]) -> String { String(decoding: text, as: UTF8.self) }
