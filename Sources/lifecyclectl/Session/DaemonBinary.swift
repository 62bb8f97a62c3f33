internal import Glibc

/// Runs the daemon's binary for work on the database's file.
enum DaemonBinary {
    /// Replaces this process by lifecycled. It returns only by throwing.
    static func become(_ arguments: [String]) throws(Failure) {
        let candidates = candidates
        for program in candidates {
            execute(program, arguments)
            guard [ENOENT, ENOTDIR, EACCES].contains(errno) else {
                throw Failure("Cannot run \(program): \(String(cString: strerror(errno))).")
            }
        }
        throw Failure("Cannot find lifecycled. Looked for \(candidates.joined(separator: ", ")).")
    }

    /// In the folder of this program, in the folders of `PATH`, and in /usr/sbin, which is not in every user's `PATH`.
    private static var candidates: [String] {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders = [own].compactMap(\.self) + path.split(separator: ":").map(String.init) + ["/usr/sbin"]
        return folders.map { "\($0)/lifecycled" }
    }

    private static var own: String? {
        guard let path = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(path) }
        let text = String(cString: path)
        return text.lastIndex(of: "/").map { String(text[..<$0]) }
    }

    /// Returns only if the program cannot be run. `errno` has the reason.
    private static func execute(_ program: String, _ arguments: [String]) {
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        execv(program, &argv)
        let code = errno
        for text in argv { free(text) }
        errno = code
    }
}
