package import NIOCore

/// Cuts a byte stream into lines, each ended by LF: the framing of the wire protocol, both ways.
///
/// A pure value without I/O: give it what was read with `append(_:)`, take frames with `next()` until that is `nil`,
/// and at the end of input take `finish()` until that is `nil`. Every byte is searched for LF once, however the input
/// was cut, and memory stays below `maximumLineBytes` plus one read (its storage below twice that), whatever the peer
/// sends. Between lines it holds no memory.
package struct LineFramer: Sendable {
    package enum Frame: Sendable, Equatable {
        /// A line without its LF; never blank (spaces, tabs and CR only). A CR before the LF is still there.
        case line([UInt8])
        /// A line has more than `maximumLineBytes` bytes before its LF. Said once and as soon as it is known; the rest
        /// of that line is thrown away as it comes.
        case tooLong
    }

    private let maximumLineBytes: Int
    private var buffer = ByteBuffer()
    /// How many of the readable bytes are known to hold no LF.
    private var searched = 0
    /// Inside a line that was already reported as too long.
    private var isSkipping = false

    /// - Parameter maximumLineBytes: the longest line accepted, in bytes, its LF not counted.
    package init(maximumLineBytes: Int) {
        self.maximumLineBytes = max(0, maximumLineBytes)
    }

    /// The bytes it holds now.
    package var bufferedBytes: Int { buffer.readableBytes }

    /// The memory it keeps for them.
    var storageBytes: Int { buffer.storageCapacity }

    /// Takes all readable bytes of `input`, which is empty afterwards.
    package mutating func append(_ input: inout ByteBuffer) {
        if isSkipping { skipLine(in: &input) }
        if input.readableBytes == 0 {
            input = ByteBuffer()
        } else if buffer.readableBytes == 0 {
            buffer = input
            input = ByteBuffer()
        } else {
            // Moving costs less than the bytes already consumed did, so it stays linear in all.
            if buffer.readerIndex >= buffer.readableBytes { buffer.discardReadBytes() }
            buffer.writeBuffer(&input)
            input = ByteBuffer()
        }
    }

    /// The next complete frame, or `nil` when it takes more bytes.
    package mutating func next() -> Frame? {
        while let length = lengthOfNextLine() {
            let line = buffer.readSlice(length: length)
            buffer.moveReaderIndex(forwardBy: 1)
            searched = 0
            guard length <= maximumLineBytes else { return .tooLong }
            if let line, !Self.isBlank(line) { return .line(Array(line.readableBytesView)) }
        }
        if searched > maximumLineBytes {
            buffer = ByteBuffer()
            searched = 0
            isSkipping = true
            return .tooLong
        }
        giveBackStorage()
        return nil
    }

    /// To be called at the end of input, until it is `nil`: what `next()` still has, then a last line without LF.
    package mutating func finish() -> Frame? {
        if let frame = next() { return frame }
        let rest = buffer
        buffer = ByteBuffer()
        searched = 0
        isSkipping = false
        return Self.isBlank(rest) ? nil : .line(Array(rest.readableBytesView))
    }

    private mutating func lengthOfNextLine() -> Int? {
        let offset = buffer.withUnsafeReadableBytes { Self.offsetOfLineFeed(in: $0, from: searched) }
        if offset == nil { searched = buffer.readableBytes }
        return offset
    }

    private mutating func skipLine(in input: inout ByteBuffer) {
        if let offset = input.withUnsafeReadableBytes({ Self.offsetOfLineFeed(in: $0, from: 0) }) {
            input.moveReaderIndex(forwardBy: offset + 1)
            isSkipping = false
        } else {
            input.clear()
        }
    }

    /// An idle connection must not keep the buffer of its last read or of its longest line.
    private mutating func giveBackStorage() {
        if buffer.readableBytes == 0 {
            buffer = ByteBuffer()
        } else if buffer.storageCapacity > 4096, buffer.storageCapacity / 4 > buffer.readableBytes {
            buffer = ByteBuffer(bytes: buffer.readableBytesView)
        }
    }

    private static func isBlank(_ line: ByteBuffer) -> Bool {
        line.readableBytesView.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
    }

    /// Eight bytes a step, because NIOCore has no `memchr` and the plain loop costs more than parsing what it finds.
    private static func offsetOfLineFeed(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var offset = start
        while offset &+ 8 <= bytes.count {
            // The lowest byte that is zero after the exclusive or, an LF before it, gets its top bit set.
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let difference = word ^ (ones &* 0x0A)
            let found = (difference &- ones) & ~difference & (ones &* 0x80)
            if found != 0 { return offset &+ found.trailingZeroBitCount / 8 }
            offset &+= 8
        }
        while offset < bytes.count {
            if bytes[offset] == 0x0A { return offset }
            offset &+= 1
        }
        return nil
    }
}
