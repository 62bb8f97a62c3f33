internal import Glibc

/// Standard output. If a write fails (the reader has gone, or the disk is full), the process ends.
struct Output {
    let terminal = Terminal.output

    /// Prints a sentence. It may contain text of callers, which is made safe for a terminal.
    func line(_ text: String) { write(SafeText.line(text) + "\n") }

    /// Prints a sentence after a coloured mark.
    func styled(_ mark: String, _ style: Style, _ text: String) {
        write(style.apply(to: mark, on: terminal) + SafeText.line(text) + "\n")
    }

    func heading(_ text: String) { write("\n" + Style.heading.apply(to: text, on: terminal) + "\n") }

    /// Prints a line, cut to the width of the terminal.
    func styled(_ line: StyledLine) { write(line.text(on: terminal, cutTo: terminal.width) + "\n") }

    func table(_ table: Table) { write(table.text(on: terminal)) }

    /// Prints JSON or another text of the daemon unchanged. On a terminal control characters are escaped.
    func verbatim(_ text: String) {
        write((terminal.isTerminal ? SafeText.json(text) : text) + (text.hasSuffix("\n") ? "" : "\n"))
    }

    func verbatim(_ text: [UInt8]) { verbatim(String(decoding: text, as: UTF8.self)) }

    private func write(_ text: String) {
        guard !writeAll(text, to: STDOUT_FILENO) else { return }
        let code = errno
        if code != EPIPE { StandardError.complain("Cannot write the output: \(String(cString: strerror(code))).") }
        Glibc.exit(ExitStatus.failed.rawValue)
    }
}

enum StandardError {
    /// - Parameters:
    ///   - sentence: what is wrong.
    ///   - advice: what can be done about it, one line each.
    static func complain(_ sentence: String, _ advice: [String] = []) {
        let lines = ["lifecyclectl: " + sentence] + advice.filter { !$0.isEmpty }
        write(lines.map { SafeText.line($0) + "\n" }.joined())
    }

    /// Prints a hint. It is not an error.
    static func note(_ sentence: String) { write("lifecyclectl: \(SafeText.line(sentence))\n") }

    static func write(_ text: String) { _ = writeAll(text, to: STDERR_FILENO) }
}

/// - Returns: whether everything was written. If not, `errno` has the reason.
private func writeAll(_ text: String, to descriptor: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno != EINTR { return false }
        rest = rest.dropFirst(max(0, count))
    }
    return true
}
