internal import Glibc

/// The daemon's binary, for work that is done on its files.
enum DaemonBinary {
    /// Becomes that program; returns only by an error.
    static func become(_ arguments: [String]) throws(Failure) {
        let candidates = candidates
        for program in candidates {
            execute(program, arguments)
            guard [ENOENT, ENOTDIR, EACCES].contains(errno) else {
                throw Failure("Cannot run \(program): \(String(cString: strerror(errno))).")
            }
        }
        throw Failure("Cannot find lifecycled, which does this: it is none of \(candidates.joined(separator: ", ")).")
    }

    /// Beside this program, in the folders of `PATH`, and where it is installed, which is not in everybody's.
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

    /// Returns only when it cannot, and `errno` says why.
    private static func execute(_ program: String, _ arguments: [String]) {
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        execv(program, &argv)
        let code = errno
        for text in argv { free(text) }
        errno = code
    }
}
