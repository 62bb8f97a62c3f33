import LifecycleCore

/// Any bytes, as a sequence of calls: carried out by the ledger in memory and by the one on disk, which must answer the
/// same; and afterwards the books of each must be right.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSequences(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var steps = Steps(UnsafeBufferPointer(start: start, count: count))
    let memory = MemoryLedger()
    let disk = DiskLedger.shared
    disk.begin()
    var books = Books()
    while let step = steps.next() {
        let inMemory = memory.take(step)
        let onDisk = disk.take(step)
        require(inMemory == onDisk, "\(step)\n  in memory: \(inMemory)\n  on disk:   \(onDisk)")
        books.note(step, inMemory)
    }
    for (method, params) in Books.questions {
        let step = Step.call(method, params)
        let answer = memory.take(step)
        let onDisk = disk.take(step)
        require(answer == onDisk, "\(step)\n  in memory: \(answer)\n  on disk:   \(onDisk)")
        books.read(method, answer)
    }
    books.check()
    disk.rollBack()
    Tally.add(1)
    return 0
}
