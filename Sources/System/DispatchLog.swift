internal import Glibc

/// The log of Swift's libdispatch, which goes to syslog.
package enum DispatchLog {
    /// Without this, each start of a program writes there that only root may give its thread a nice value of −4. To be
    /// called first of all; a value that is set outside stays.
    package static func silence() { setenv("LIBDISPATCH_LOG", "NO", 0) }
}
