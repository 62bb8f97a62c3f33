internal import LifecycleCore

/// Writes the replies of one connection in order, with the arrays of batches, and limits the length of a line.
struct ReplyWriter {
    private var json = JSONWriter()
    private let limit: Int
    /// The length of the present line so far, including bytes that were taken already.
    private var lineBytes = 0
    /// Between `beginBatch` and `endBatch`, where no other line may be written.
    private(set) var isInBatch = false
    private var hasBegunArray = false

    /// - Parameter limit: the maximum length of a line in bytes.
    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { json.bytes.isEmpty }
    /// The number of bytes that wait to be taken.
    var count: Int { json.bytes.count }

    mutating func take() -> [UInt8] { json.take() }

    mutating func beginBatch() { isInBatch = true }

    /// Ends the array. A batch of notifications has no array.
    mutating func endBatch() {
        if hasBegunArray {
            json.endArray()
            endLine()
        }
        isInBatch = false
        hasBegunArray = false
    }

    /// Writes a reply, unless the request is a notification.
    /// - Returns: what was written. If the reply was too long, that is an error.
    @discardableResult
    mutating func write(_ result: Result<Reply, RPCError>, to id: RequestID) -> Result<Reply, RPCError> {
        guard case .some(let id) = id else { return result }
        if json.bytes.isEmpty { json.reserve(512) }  // Most replies are shorter.
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

    /// Writes a line that is not a reply. Must not be called within a batch.
    /// - Parameter line: without its LF.
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
