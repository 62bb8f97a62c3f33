extension JSONValue {
    /// The number of members of an object or elements of an array, in linear time. 0 for another kind.
    package var count: Int {
        switch kind {
        case .object: members.reduce(0) { count, _ in count + 1 }
        case .array: elements.reduce(0) { count, _ in count + 1 }
        default: 0
        }
    }

    /// The members of an object in the order of the text. Names are strings. Empty for another kind.
    package var members: Members {
        Members(document: document, position: index &+ 1, end: kind == .object ? token.next : 0)
    }

    /// The elements of an array. Empty for another kind.
    package var elements: Elements {
        Elements(document: document, position: index &+ 1, end: kind == .array ? token.next : 0)
    }

    /// The value of the member with this name. `nil` if there is none, and for another kind.
    package subscript(_ name: StaticString) -> JSONValue? {
        for member in members where member.name.isString(name) {
            return member.value
        }
        return nil
    }

    package struct Members: Sequence, IteratorProtocol, Sendable {
        let document: JSONDocument
        var position: Int
        let end: Int

        package mutating func next() -> (name: JSONValue, value: JSONValue)? {
            guard position < end else { return nil }
            let name = JSONValue(document: document, index: position)
            let value = JSONValue(document: document, index: position &+ 1)
            position = value.token.next
            return (name, value)
        }
    }

    package struct Elements: Sequence, IteratorProtocol, Sendable {
        let document: JSONDocument
        var position: Int
        let end: Int

        package mutating func next() -> JSONValue? {
            guard position < end else { return nil }
            let element = JSONValue(document: document, index: position)
            position = element.token.next
            return element
        }
    }
}
