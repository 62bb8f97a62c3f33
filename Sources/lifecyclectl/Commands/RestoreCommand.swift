internal import ArgumentParser
internal import Glibc

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in the place of the database; without the daemon.",
        discussion: """
            It checks the backup first, keeps the old database beside the new one, and refuses while a daemon has the \
            database: stop its socket and its service before. It is lifecycled --restore, with a question before it. \
            Run it as root or as the daemon's user. Its exit codes are those of lifecycled.

            Example:
              lifecyclectl restore backups/lifecycle-20261123T130119Z.db --database /var/lib/lifecycled/lifecycle.db
            """)

    @Argument(help: ArgumentHelp("The backup.", valueName: "file"), completion: .file())
    var file: String

    @Option(help: ArgumentHelp("The daemon's database.", valueName: "file"), completion: .file())
    var database: String

    @Flag(help: "Do not ask.")
    var yes = false

    func run() throws {
        if !yes { try confirm() }
        var tried: [String] = []
        for program in DaemonBinary.candidates {
            tried.append(program)
            DaemonBinary.execute(program, ["--restore=\(file)", "--database=\(database)"])
            guard errno == ENOENT || errno == ENOTDIR || errno == EACCES else {
                throw Failure("Cannot run \(program): \(String(cString: strerror(errno))).")
            }
        }
        throw Failure("Cannot find lifecycled, which restores: it is none of \(tried.joined(separator: ", ")).")
    }

    private func confirm() throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw ValidationError("Give --yes: there is no terminal to ask on.")
        }
        StandardError.write(
            SafeText.line("\(database) is replaced by \(file), and kept under another name. Restore? [y/N] "))
        let answer = readLine() ?? ""
        guard ["y", "yes"].contains(answer.lowercased()) else { throw Failure("Nothing was done.") }
    }
}

/// Where `lifecycled` may be.
enum DaemonBinary {
    /// Beside this program, in the folders of `PATH`, and where it is installed, which is not in everybody's.
    static var candidates: [String] {
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

    /// Becomes that program; returns only when it cannot, and `errno` says why.
    static func execute(_ program: String, _ arguments: [String]) {
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        execv(program, &argv)
        let code = errno
        for text in argv { free(text) }
        errno = code
    }
}
