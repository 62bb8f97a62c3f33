internal import Glibc

/// Standard output. What cannot be written there ends the process: nobody reads it, or its disk is full.
struct Output {
    let terminal = Terminal.output

    /// A sentence, which may have in it what others wrote.
    func line(_ text: String) { write(SafeText.line(text) + "\n") }

    /// A sentence behind a mark that stands out.
    func styled(_ mark: String, _ style: Style, _ text: String) {
        write(style.apply(to: mark, on: terminal) + SafeText.line(text) + "\n")
    }

    func heading(_ text: String) { write("\n" + Style.heading.apply(to: text, on: terminal) + "\n") }

    /// One that is longer than the terminal is wide is cut.
    func styled(_ line: StyledLine) { write(line.text(on: terminal, cutTo: terminal.width) + "\n") }

    func table(_ table: Table) { write(table.text(on: terminal)) }

    /// JSON, or another text of the daemon, on lines of its own.
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
    /// A sentence that says what is wrong, and lines that say what can be done.
    static func complain(_ sentence: String, _ advice: [String] = []) {
        let lines = ["lifecyclectl: " + sentence] + advice.filter { !$0.isEmpty }
        write(lines.map { SafeText.line($0) + "\n" }.joined())
    }

    /// What is worth knowing, though nothing is wrong.
    static func note(_ sentence: String) { write("lifecyclectl: \(SafeText.line(sentence))\n") }

    static func write(_ text: String) { _ = writeAll(text, to: STDERR_FILENO) }
}

/// - Returns: whether all was written; else `errno` says why not.
private func writeAll(_ text: String, to descriptor: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno != EINTR { return false }
        rest = rest.dropFirst(max(0, count))
    }
    return true
}
