package enum PlainFrame: Equatable {
    case line([UInt8])
    case tooLong
}

/// The obvious way.
package func plainFrames(of bytes: [UInt8], maximum: Int) -> [PlainFrame] {
    bytes.split(separator: 0x0A, omittingEmptySubsequences: false).compactMap { line in
        if line.count > maximum { return .tooLong }
        return line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } ? nil : .line(Array(line))
    }
}
