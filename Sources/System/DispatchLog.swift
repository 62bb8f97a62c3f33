internal import Glibc

/// The log of Swift's libdispatch, which writes to syslog.
package enum DispatchLog {
    /// Turns the log off, because every start would log that only root may set a thread's nice value to −4.
    /// It must be called before libdispatch is used. A value that the environment has already is kept.
    package static func silence() { setenv("LIBDISPATCH_LOG", "NO", 0) }
}
