/// Any bytes, as what happens to the writer's queue: every write is answered once, those of one connection in their
/// order, and whoever waits for an expiry is called back once.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzQueue(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var writer = QueuedWriter(UnsafeBufferPointer(start: start, count: count))
    writer.play()
    writer.stop()
    Tally.add(1)
    return 0
}
