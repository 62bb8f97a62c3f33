import Foundation
import TestSupport

/// A terminal of so many columns, in which a command runs to its end.
struct PseudoTerminal {
    /// What the command did to the screen, lines ended by LF.
    let screen: String
    let code: Int32

    /// - Parameters:
    ///   - errors: standard error goes there instead of to the terminal.
    ///   - input: what is typed.
    init(
        columns: UInt16, _ arguments: [String], socket: String, environment: [String: String] = [:],
        errors: ScratchFile? = nil, input: String = ""
    ) throws {
        let (master, slave) = try Self.open()
        defer { close(master) }
        var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        guard ioctl(slave, UInt(TIOCSWINSZ), &size) == 0 else { throw TestFailure("no size: \(errno)") }
        let child = try ChildProcess(
            Command.binary, arguments,
            environment: ["LIFECYCLE_SOCKET": socket, "TERM": "xterm"].merging(environment) { $1 },
            standardInput: slave, standardOutput: slave, standardError: errors?.descriptor ?? slave)
        close(slave)
        _ = Array(input.utf8).withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            // EIO when the command has ended.
            let count = read(master, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        code = child.exitCode()
        screen = String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "\r\n", with: "\n")
    }

    /// As posix_openpt, unlockpt and ptsname do, which Swift does not see.
    static func open() throws -> (master: Int32, slave: Int32) {
        let setLock: UInt = 0x4004_5431  // TIOCSPTLCK
        let openPeer: UInt = 0x5441  // TIOCGPTPEER
        let master = Foundation.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var isLocked: Int32 = 0
        guard master >= 0, ioctl(master, setLock, &isLocked) == 0 else {
            throw TestFailure("no pseudo terminal: \(errno)")
        }
        let slave = ioctl(master, openPeer, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard slave >= 0 else { throw TestFailure("no pseudo terminal: \(errno)") }
        return (master, slave)
    }
}
