import TestSupport

extension Machine {
    /// Root may do everything, so that what modes forbid needs another user, who must be able to run the binary.
    static let canDropRoot: Bool = {
        guard isRoot else { return true }
        return (try? ChildProcess.run("setpriv", asNobody + [TestDaemon.binary, "--version"]).code) == 0
    }()
}
