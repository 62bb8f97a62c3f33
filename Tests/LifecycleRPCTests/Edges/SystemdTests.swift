internal import Glibc
internal import Testing

@testable import LifecycleRPC

/// Closes the descriptors given to it when a test ends.
private final class Descriptors {
    private var all: [Int32] = []

    func socket(_ family: Int32, _ type: __socket_type) throws -> Int32 {
        let descriptor = Glibc.socket(family, Int32(type.rawValue), 0)
        try #require(descriptor >= 0)
        all.append(descriptor)
        return descriptor
    }

    deinit {
        for descriptor in all { close(descriptor) }
    }
}

/// An address in the abstract namespace that the kernel chooses: no file, no clash.
private func bindAnywhere(_ descriptor: Int32) throws -> String {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var size = socklen_t(MemoryLayout<sockaddr_un>.size)
    try withUnsafeMutablePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            try #require(bind(descriptor, address, socklen_t(MemoryLayout<sa_family_t>.size)) == 0)
            try #require(getsockname(descriptor, address, &size) == 0)
        }
    }
    let length = Int(size) - MemoryLayout<sa_family_t>.size
    let path = withUnsafeBytes(of: address.sun_path) { Array($0.prefix(length)) }
    return "@" + String(decoding: path.dropFirst(), as: UTF8.self)
}

private func receive(_ descriptor: Int32) -> String? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
    return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
}

@Suite("Taking over a socket from systemd")
struct SocketActivationTests {
    @Test("a listening AF_UNIX stream socket is taken and made non-blocking")
    func listener() throws {
        let descriptors = Descriptors()
        let listener = try descriptors.socket(AF_UNIX, SOCK_STREAM)
        _ = try bindAnywhere(listener)
        try #require(listen(listener, 1) == 0)
        try SocketActivation.prepareListener(listener)
        #expect(fcntl(listener, F_GETFL) & O_NONBLOCK != 0)
    }

    @Test("anything else is refused in a sentence that says what it is")
    func others() throws {
        let descriptors = Descriptors()
        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        let cases: [(Int32, String)] = [
            (try descriptors.socket(AF_UNIX, SOCK_STREAM), "an AF_UNIX stream socket that is not listening"),
            (try descriptors.socket(AF_UNIX, SOCK_DGRAM), "an AF_UNIX datagram socket"),
            (try descriptors.socket(AF_INET, SOCK_STREAM), "an AF_INET stream socket that is not listening"),
            (try descriptors.socket(AF_UNIX, SOCK_SEQPACKET), "an AF_UNIX type-5 socket"),
            (file, "something that is not a socket"), (-1, "a closed descriptor"),
        ]
        for (descriptor, kind) in cases {
            let error = #expect(throws: ActivationError.self) {
                try SocketActivation.prepareListener(descriptor)
            }
            #expect(
                error?.description == "systemd passed \(kind) as descriptor \(descriptor), but lifecycled needs a "
                    + "listening AF_UNIX stream socket (ListenStream=/path, Accept=no)")
        }
    }

    @Test("without LISTEN_FDS there is no inherited listener")
    func none() async {
        await #expect(processExitsWith: .success) {
            unsetenv("LISTEN_FDS")
            let listener = try SocketActivation.inheritedListener()
            #expect(listener == nil)
        }
    }

    @Test("two sockets are refused by their names, and a second look finds none")
    func two() async {
        await #expect(processExitsWith: .success) {
            setenv("LISTEN_PID", "\(getpid())", 1)
            setenv("LISTEN_FDS", "2", 1)
            setenv("LISTEN_FDNAMES", "a.socket:b.socket", 1)
            // The descriptors exist, whatever they are: systemd's rule is that they start at 3.
            for descriptor in 3...4 as ClosedRange<Int32> where fcntl(descriptor, F_GETFD) < 0 { dup2(0, descriptor) }
            let error = #expect(throws: ActivationError.self) { try SocketActivation.inheritedListener() }
            #expect(error?.description.hasPrefix("systemd passed 2 sockets (a.socket, b.socket), but") == true)
            let listener = try SocketActivation.inheritedListener()
            #expect(listener == nil)
        }
    }
}

@Suite("Talking to the service manager")
struct NotifierTests {
    @Test("each state arrives as one datagram, and a text cannot add another")
    func states() async {
        await #expect(processExitsWith: .success) {
            let descriptors = Descriptors()
            let manager = try descriptors.socket(AF_UNIX, SOCK_DGRAM)
            setenv("NOTIFY_SOCKET", try bindAnywhere(manager), 1)
            let notifier = Notifier()
            notifier.ready(status: "listening")
            #expect(receive(manager) == "READY=1\nSTATUS=listening")
            notifier.status("3 connections\nSTOPPING=1")
            #expect(receive(manager) == "STATUS=3 connections\\nSTOPPING=1")
            notifier.watchdog()
            #expect(receive(manager) == "WATCHDOG=1")
            notifier.stopping()
            #expect(receive(manager) == "STOPPING=1")
            #expect(receive(manager) == nil)
        }
    }

    @Test("without a service manager nothing happens")
    func absent() async {
        await #expect(processExitsWith: .success) {
            unsetenv("NOTIFY_SOCKET")
            unsetenv("WATCHDOG_USEC")
            Notifier().ready(status: "listening")
            #expect(Notifier.watchdogInterval == nil)
        }
    }

    @Test("the watchdog interval is that of the unit, for this process only")
    func watchdogInterval() async {
        await #expect(processExitsWith: .success) {
            setenv("WATCHDOG_USEC", "30000000", 1)
            setenv("WATCHDOG_PID", "\(getpid())", 1)
            #expect(Notifier.watchdogInterval == .seconds(30))
            setenv("WATCHDOG_PID", "1", 1)
            #expect(Notifier.watchdogInterval == nil)
        }
    }
}
