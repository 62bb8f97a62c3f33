package import NIOCore

/// Cuts a byte stream into lines that end with LF. Both directions of the wire protocol use it.
///
/// A pure value without I/O. Give it the bytes of each read with `append(_:)`, then call `next()` until it returns
/// `nil`. At the end of input, call `finish()` until it returns `nil`. Every byte is searched for LF only once.
/// Whatever the peer sends, it holds less than `maximumLineBytes` plus one read (in a storage of less than twice that),
/// and nothing between two lines.
package struct LineFramer: Sendable {
    package enum Frame: Sendable, Equatable {
        /// A line without its LF. It is never blank (only spaces, tabs and CR). A CR before the LF is kept.
        case line([UInt8])
        /// A line has more than `maximumLineBytes` bytes before its LF. Returned once for the line, as soon as it is
        /// known. The rest of the line is discarded.
        case tooLong
    }

    private let maximumLineBytes: Int
    private var buffer = ByteBuffer()
    /// The number of readable bytes that were searched already and contain no LF.
    private var searched = 0
    /// The input is in the middle of a line that was reported as too long.
    private var isSkipping = false

    /// - Parameter maximumLineBytes: the longest accepted line, in bytes, without its LF.
    package init(maximumLineBytes: Int) {
        self.maximumLineBytes = max(0, maximumLineBytes)
    }

    /// The number of bytes that wait for their LF.
    package var bufferedBytes: Int { buffer.readableBytes }

    /// The memory that the bytes take.
    var storageBytes: Int { buffer.storageCapacity }

    /// Takes all readable bytes of `input` and leaves it empty.
    package mutating func append(_ input: inout ByteBuffer) {
        if isSkipping { skipLine(in: &input) }
        if input.readableBytes == 0 {
            input = ByteBuffer()
        } else if buffer.readableBytes == 0 {
            buffer = input
            input = ByteBuffer()
        } else {
            // At most as many bytes are moved as were consumed before, so the total cost stays linear.
            if buffer.readerIndex >= buffer.readableBytes { buffer.discardReadBytes() }
            buffer.writeBuffer(&input)
            input = ByteBuffer()
        }
    }

    /// The next complete frame, or `nil` if more bytes are needed.
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

    /// The rest of the frames at the end of input, including a last line without LF. Call it until it returns `nil`.
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

    /// Frees a buffer that is much larger than its bytes, so that idle connections take little memory.
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

    /// Searches 8 bytes per step, because NIOCore has no `memchr`, and a loop over single bytes costs more than parsing
    /// the line.
    private static func offsetOfLineFeed(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var offset = start
        while offset &+ 8 <= bytes.count {
            // An LF becomes a zero byte. In `found`, the top bit of the lowest zero byte is set.
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
