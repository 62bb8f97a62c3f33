import LifecycleCore

/// Any bytes, as a sequence of calls on the real ledger: every answer must be the model's and fit the ones before it,
/// no rule of the schema may be what stops a call, and afterwards the books must be right.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSequences(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var steps = Steps(UnsafeBufferPointer(start: start, count: count))
    let ledger = FuzzedLedger.shared
    ledger.begin()
    var books = Books()
    var judge = Judge()
    func take(_ step: Step) -> String {
        let answer = ledger.take(step)
        judge.note(step, ledger.last)
        return answer
    }
    while let step = steps.next() { books.note(step, take(step)) }
    for (method, params) in Books.questions { books.read(method, take(.call(method, params))) }
    books.check()
    ledger.rollBack()
    Tally.add(1)
    return 0
}
