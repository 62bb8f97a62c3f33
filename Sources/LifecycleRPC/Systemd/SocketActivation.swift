internal import CSystemd
internal import Glibc
internal import LifecycleCore

/// Why the sockets from systemd cannot be used, as one sentence for the admin without a full stop.
package struct ActivationError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// Takes the listener of a `.socket` unit, which systemd passes as descriptor 3.
package enum SocketActivation {
    /// The listener, close-on-exec and non-blocking. `nil` if systemd passed none.
    ///
    /// It removes the `LISTEN_*` variables, so it works only once. It must be called before there are other threads,
    /// because the environment of a process has no lock.
    package static func inheritedListener() throws(ActivationError) -> Int32? {
        var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &list)
        let names = takeNames(list)
        guard count >= 0 else {
            throw ActivationError(description: "cannot read the sockets passed by systemd: \(errorText(-count))")
        }
        if count == 0 { return nil }
        guard count == 1 else {
            throw ActivationError(
                description: "systemd passed \(count) sockets (\(names.joined(separator: ", "))), but lifecycled takes "
                    + "exactly one: keep one ListenStream= in its .socket unit")
        }
        try prepareListener(SD_LISTEN_FDS_START)
        return SD_LISTEN_FDS_START
    }

    /// Throws if `descriptor` is not a listening AF_UNIX stream socket. Makes it non-blocking.
    static func prepareListener(_ descriptor: Int32) throws(ActivationError) {
        let matches = sd_is_socket_unix(descriptor, Int32(SOCK_STREAM.rawValue), 1, nil, 0)
        guard matches > 0 else {
            throw ActivationError(
                description: "systemd passed \(kind(of: descriptor)) as descriptor \(descriptor), but lifecycled "
                    + "needs a listening AF_UNIX stream socket (ListenStream=/path, Accept=no)")
        }
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw ActivationError(
                description: "cannot make the socket passed by systemd non-blocking: \(errorText(errno))")
        }
    }

    /// The kind of a descriptor, for an error message.
    private static func kind(of descriptor: Int32) -> String {
        guard let type = option(SO_TYPE, of: descriptor), let family = option(SO_DOMAIN, of: descriptor) else {
            return fcntl(descriptor, F_GETFD) < 0 ? "a closed descriptor" : "something that is not a socket"
        }
        let familyName =
            switch family {
            case AF_UNIX: "AF_UNIX"
            case AF_INET: "AF_INET"
            case AF_INET6: "AF_INET6"
            default: "family-\(family)"
            }
        guard type == Int32(SOCK_STREAM.rawValue) else {
            let isDatagram = type == Int32(SOCK_DGRAM.rawValue)
            return "an \(familyName) \(isDatagram ? "datagram" : "type-\(type)") socket"
        }
        let isListening = option(SO_ACCEPTCONN, of: descriptor) == 1
        return "an \(familyName) stream socket that is \(isListening ? "listening" : "not listening")"
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : nil
    }

    /// Copies and frees the list of names that libsystemd allocated.
    private static func takeNames(_ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [String] {
        guard let list else { return [] }
        defer { free(list) }
        var names: [String] = []
        while let name = list[names.count] {
            names.append(PeerText.escaped(String(cString: name)))
            free(name)
        }
        return names
    }

    private static func errorText(_ code: Int32) -> String {
        String(cString: strerror(code))
    }
}
