/// Any bytes, as one connection sends them: cut into lines, parsed, dispatched and answered, each compared with a
/// second and much simpler reading of the same bytes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFrames(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    var choices = Choices(bytes)
    checkFraming(of: bytes, maximum: choices.below(64), &choices)
    let lines = checkFraming(of: bytes, maximum: 1 << 20, &choices)
    let values = lines.map(checkReading(of:))
    // With its line feeds, which are white space to JSON.
    if lines.count != 1 { checkReading(of: bytes) }
    checkAnswers(to: lines, values, &choices)
    Tally.add(max(lines.count, 1))
    return 0
}
