internal import Glibc
internal import LifecycleSystem

/// Sends records to journald by its native protocol: a record is one datagram of `NAME=value` lines. Values here have
/// one line, so no other part of the protocol is needed.
///
/// It does not use `sd_journal_sendv`, which reports success if there is no journal: lost records must be counted.
struct Journal: Sendable {
    static let defaultPath = "/run/systemd/journal/socket"

    private let descriptor: Int32
    private let address: UnixSocketAddress

    /// journald need not run now, and may restart at any time. The descriptor is never closed.
    init(path: String = defaultPath) throws(SystemCallError) {
        guard let address = UnixSocketAddress(path: path) else {
            throw SystemCallError(call: "connect", code: ENAMETOOLONG)
        }
        self.address = address
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemCallError(call: "socket", code: errno) }
    }

    /// Sends one record.
    /// - Parameter mayWait: blocks while the buffer of journald's socket is full.
    /// - Returns: whether it was sent. `false` if journald does not run.
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
