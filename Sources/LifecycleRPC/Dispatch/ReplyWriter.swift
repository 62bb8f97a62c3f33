internal import LifecycleCore

/// Writes the replies of one connection in order: envelopes, the arrays of batches, and the bound on a line's length.
struct ReplyWriter {
    private var json = JSONWriter()
    private let limit: Int
    /// Bytes of the line that is being written, those taken out already included.
    private var lineBytes = 0
    private var isInBatch = false
    private var hasBegunArray = false

    /// - Parameter limit: bytes that a line may have.
    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { json.bytes.isEmpty }

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
    mutating func write(_ result: Result<Reply, RPCError>, to id: RequestID) {
        guard case .some(let id) = id else { return }
        if json.bytes.isEmpty { json.reserve(512) }  // Most replies fit.
        if isInBatch, !hasBegunArray {
            json.beginArray()
            hasBegunArray = true
        }
        let mark = json.mark
        let before = json.bytes.count
        writeEnvelope(result, id)
        if lineBytes + json.bytes.count - before > limit {
            json.rewind(to: mark)
            writeEnvelope(.failure(.replyTooLarge(limit: limit)), id)
        }
        lineBytes += json.bytes.count - before
        if !isInBatch { endLine() }
    }

    private mutating func writeEnvelope(_ result: Result<Reply, RPCError>, _ id: ArraySlice<UInt8>) {
        json.beginObject()
        json.key("jsonrpc")
        json.string("2.0")
        json.key("id")
        json.raw(id)
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
