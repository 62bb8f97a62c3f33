/// Checks a JSON text against the grammar and lists its tokens, in one pass, without recursion and without a stack.
struct JSONScanner {
    private(set) var tape: [JSONToken] = []
    var position = 0

    private let maximumDepth: Int
    private var depth = 0
    /// The innermost container that is not closed yet. It has no meaning at depth 0.
    private var container = 0
    private var containerIsObject = false

    init(expecting length: Int, maximumDepth: Int) {
        self.maximumDepth = maximumDepth
        // Typical requests have about one token for every 8 bytes, so most texts need one allocation.
        tape.reserveCapacity(length / 8 &+ 8)
    }

    mutating func scanText(_ text: Span<UInt8>) throws(JSONSyntaxError) {
        guard text.count <= JSONToken.maximumOffset else { throw failure("text too long", at: 0) }
        var valueFollows = true
        while valueFollows {
            skipWhiteSpace(text)
            let opened = try scanValueOrOpening(text)
            valueFollows = opened ? true : try advanceToNextValue(text)
        }
    }

    /// Scans a scalar, an empty container, or the beginning of a container up to its first value.
    ///
    /// - Returns: whether it opened a container whose first value follows.
    private mutating func scanValueOrOpening(_ text: Span<UInt8>) throws(JSONSyntaxError) -> Bool {
        switch byte(text) {
        case UInt8(ascii: "\""):
            try scanString(text)
        case UInt8(ascii: "{"):
            try open(isObject: true)
            skipWhiteSpace(text)
            if byte(text) != UInt8(ascii: "}") {
                try scanName(text)
                return true
            }
            try close(text)
        case UInt8(ascii: "["):
            try open(isObject: false)
            skipWhiteSpace(text)
            if byte(text) != UInt8(ascii: "]") { return true }
            try close(text)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try scanNumber(text)
        case UInt8(ascii: "t"):
            try scanWord("true", text)
        case UInt8(ascii: "f"):
            try scanWord("false", text)
        case UInt8(ascii: "n"):
            try scanWord("null", text)
        default:
            throw unexpected(text)
        }
        return false
    }

    /// Skips everything between two values: ends of containers, the comma and the name of the next value.
    ///
    /// - Returns: `false` at the end of the text.
    private mutating func advanceToNextValue(_ text: Span<UInt8>) throws(JSONSyntaxError) -> Bool {
        while depth > 0 {
            skipWhiteSpace(text)
            let found = byte(text)
            if found == UInt8(ascii: ",") {
                position &+= 1
                if containerIsObject {
                    skipWhiteSpace(text)
                    try scanName(text)
                }
                return true
            }
            guard found == (containerIsObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { throw unexpected(text) }
            try close(text)
        }
        skipWhiteSpace(text)
        guard position == text.count else { throw failure("more after the value") }
        return false
    }

    private mutating func open(isObject: Bool) throws(JSONSyntaxError) {
        guard depth < maximumDepth else { throw failure("nested too deeply") }
        // While a container is open, its token has the index of the container around it.
        append(JSONToken(start: position, end: position, next: container))
        container = tape.count &- 1
        containerIsObject = isObject
        depth &+= 1
        position &+= 1
    }

    private mutating func close(_ text: Span<UInt8>) throws(JSONSyntaxError) {
        position &+= 1
        let closed = container
        if containerIsObject { try checkNames(ofObject: closed, text) }
        container = tape[closed].next
        tape[closed].end = position
        tape[closed].next = tape.count
        depth &-= 1
        containerIsObject = depth > 0 && text[tape[container].start] == UInt8(ascii: "{")
    }

    private mutating func scanName(_ text: Span<UInt8>) throws(JSONSyntaxError) {
        guard byte(text) == UInt8(ascii: "\"") else { throw unexpected(text) }
        try scanString(text)
        skipWhiteSpace(text)
        guard byte(text) == UInt8(ascii: ":") else { throw unexpected(text) }
        position &+= 1
    }

    private mutating func scanWord(_ word: StaticString, _ text: Span<UInt8>) throws(JSONSyntaxError) {
        let start = position
        for index in 0..<word.utf8CodeUnitCount {
            guard byte(text) == word.utf8Start[index] else { throw unexpected(text) }
            position &+= 1
        }
        append(JSONToken(start: start, end: position, next: tape.count &+ 1))
    }

    mutating func append(_ token: JSONToken) {
        tape.append(token)
    }

    private mutating func skipWhiteSpace(_ text: Span<UInt8>) {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position &+= 1
            default: return
            }
        }
    }

    /// The byte at the position. At the end of the text it is NUL, which is valid nowhere.
    func byte(_ text: Span<UInt8>) -> UInt8 {
        position < text.count ? text[position] : 0
    }

    func failure(_ reason: String, at offset: Int? = nil) -> JSONSyntaxError {
        JSONSyntaxError(reason: reason, offset: offset ?? position)
    }

    private func unexpected(_ text: Span<UInt8>) -> JSONSyntaxError {
        if position >= text.count { return failure("text ends too early") }
        if position == 0 && text[0] == 0xEF { return failure("byte order mark") }
        return failure("unexpected character")
    }
}
