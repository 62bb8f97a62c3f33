internal import Glibc
internal import LifecycleSystem

/// Sends records to journald by its native protocol, which keeps their fields apart: a record is one datagram of
/// `NAME=value` lines. Values are on one line here, so that is all of the protocol.
///
/// Not by `sd_journal_sendv`: that reports success when there is no journal, and what is lost is to be counted.
struct Journal: Sendable {
    static let defaultPath = "/run/systemd/journal/socket"

    private let descriptor: Int32
    private let address: UnixSocketAddress

    /// Needs no journald: that may come, go and come back. The descriptor is kept for as long as the process lives.
    init(path: String = defaultPath) throws(SystemCallError) {
        guard let address = UnixSocketAddress(path: path) else {
            throw SystemCallError(call: "connect", code: ENAMETOOLONG)
        }
        self.address = address
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemCallError(call: "socket", code: errno) }
    }

    /// Hands over one record.
    /// - Parameter mayWait: whether to block while journald has more to read than its socket holds.
    /// - Returns: whether it was handed over; not when there is no journald.
    func send(_ record: [UInt8], mayWait: Bool = true) -> Bool {
        let flags = Int32(MSG_NOSIGNAL) | (mayWait ? 0 : Int32(MSG_DONTWAIT))
        while true {
            let result = address.with { address, length in
                Int32(
                    clamping: record.withUnsafeBytes {
                        sendto(descriptor, $0.baseAddress, $0.count, flags, address, length)
                    })
            }
            if result >= 0 || errno != EINTR { return result >= 0 }
        }
    }
}
