/// The paths in the package's units. `dev/check-paths` compares them with the units and with every document.
package enum PackagedPaths {
    /// `StateDirectory=` of `lifecycled.service`.
    package static let database = "/var/lib/lifecycle/lifecycle.db"

    /// The database of a systemd service.
    /// - Parameter folders: the variable `STATE_DIRECTORY`, which may have several folders with colons between them.
    package static func database(inStateDirectory folders: String?) -> String? {
        folders?.split(separator: ":").first.map { "\($0)/lifecycle.db" }
    }
}
