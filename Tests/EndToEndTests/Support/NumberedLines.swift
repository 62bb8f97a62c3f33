import TestSupport

/// Writes a header and then `count` lines, made by `seq` from a format of `printf` with one `%.0f`: a debug build would
/// take seconds for hundreds of thousands of lines.
func writeNumberedLines(_ count: Int, format: String, under header: String, to path: String) throws {
    let run = try ChildProcess.run(
        "sh", ["-c", #"{ printf '%s\n' "$1" && seq -f "$2" "$3"; } > "$4""#, "sh", header, format, "\(count)", path])
    guard run.code == 0 else { throw TestFailure("seq: \(run.errors)") }
}
