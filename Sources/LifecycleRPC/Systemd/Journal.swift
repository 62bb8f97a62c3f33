internal import CSystemd
internal import Glibc

/// The native protocol of journald, which keeps the fields of a record apart.
enum Journal {
    /// Sends one record. `fields` holds `NAME=value` lines, each ended by LF. May block while journald does not read.
    /// - Returns: whether it was handed over.
    static func send(_ fields: [UInt8]) -> Bool {
        // sendmsg(2) only reads through the pointers, iovec has no const variant.
        var fields = fields
        return fields.withUnsafeMutableBytes { bytes in
            var vectors: [iovec] = []
            var start = 0
            for end in bytes.indices where bytes[end] == 0x0A {
                vectors.append(iovec(iov_base: bytes.baseAddress.map { $0 + start }, iov_len: end - start))
                start = end + 1
            }
            return sd_journal_sendv(vectors, Int32(clamping: vectors.count)) == 0
        }
    }
}
