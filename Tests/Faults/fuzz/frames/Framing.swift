import NIOCore
import Plain

/// The framer must say what the obvious way says, however the bytes are cut, and hold little meanwhile.
/// - Returns: the lines.
@discardableResult
func checkFraming(of bytes: [UInt8], maximum: Int, _ choices: inout Choices) -> [[UInt8]] {
    let longestRead = [1, 7, 64, 4096][choices.below(4)]
    let expected = plainFrames(of: bytes, maximum: maximum)
    let frames = frames(of: bytes, maximum: maximum, longestRead: longestRead, &choices)
    require(frames == expected, "frames in reads up to \(longestRead): \(frames), not \(expected)")
    return expected.compactMap { if case .line(let line) = $0 { line } else { nil } }
}

private func frames(of bytes: [UInt8], maximum: Int, longestRead: Int, _ choices: inout Choices) -> [PlainFrame] {
    var framer = LineFramer(maximumLineBytes: maximum)
    var frames: [PlainFrame] = []
    func take(_ frame: LineFramer.Frame) {
        switch frame {
        case .line(let line): frames.append(.line(line))
        case .tooLong: frames.append(.tooLong)
        }
    }
    var position = 0
    while position < bytes.count {
        let end = min(bytes.count, position + 1 + choices.below(longestRead))
        var read = ByteBuffer(bytes: bytes[position..<end])
        framer.append(&read)
        require(read.readableBytes == 0, "append takes all")
        // A connection may be given more before it has looked at what it has.
        if choices.below(4) > 0 {
            while let frame = framer.next() { take(frame) }
            require(framer.bufferedBytes <= maximum, "\(framer.bufferedBytes) bytes held, at most \(maximum)")
        }
        position = end
    }
    while let frame = framer.finish() { take(frame) }
    require(framer.bufferedBytes == 0, "\(framer.bufferedBytes) bytes held at the end")
    return frames
}
