internal import LifecycleCore

/// Writes the replies of one connection in order: envelopes, the arrays of batches, and the bound on a line's length.
struct ReplyWriter {
    private var json = JSONWriter()
    private let limit: Int
    /// Bytes of the line that is being written, those taken out already included.
    private var lineBytes = 0
    /// Between the begin and the end of a batch, where no line can stand.
    private(set) var isInBatch = false
    private var hasBegunArray = false

    /// - Parameter limit: bytes that a line may have.
    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { json.bytes.isEmpty }
    /// Bytes that wait to be taken out.
    var count: Int { json.bytes.count }

    mutating func take() -> [UInt8] { json.take() }

    mutating func beginBatch() { isInBatch = true }

    /// Ends the array; a batch of notifications has none.
    mutating func endBatch() {
        if hasBegunArray {
            json.endArray()
            endLine()
        }
        isInBatch = false
        hasBegunArray = false
    }

    /// Notifications get no reply.
    /// - Returns: what was written: an error in place of a reply that is too long.
    @discardableResult
    mutating func write(_ result: Result<Reply, RPCError>, to id: RequestID) -> Result<Reply, RPCError> {
        guard case .some(let id) = id else { return result }
        if json.bytes.isEmpty { json.reserve(512) }  // Most replies fit.
        if isInBatch, !hasBegunArray {
            json.beginArray()
            hasBegunArray = true
        }
        let mark = json.mark
        let before = json.bytes.count
        var written = result
        writeEnvelope(result, id)
        if lineBytes + json.bytes.count - before > limit {
            json.rewind(to: mark)
            written = .failure(.replyTooLarge(limit: limit))
            writeEnvelope(written, id)
        }
        lineBytes += json.bytes.count - before
        if !isInBatch { endLine() }
        return written
    }

    /// Writes a line that answers nothing, without its LF. Not within a batch.
    mutating func write(line: [UInt8]) {
        json.raw(line)
        endLine()
    }

    private mutating func writeEnvelope(_ result: Result<Reply, RPCError>, _ id: ArraySlice<UInt8>) {
        json.beginEnvelope(id: id)
        switch result {
        case .success(let reply):
            json.key("result")
            reply(&json)
        case .failure(let error):
            json.key("error")
            error.write(to: &json)
        }
        json.endObject()
    }

    private mutating func endLine() {
        json.newline()
        lineBytes = 0
    }
}
