/// Where the package's units keep things. `dev/check-paths` compares it with them, and with every document.
package enum PackagedPaths {
    /// `StateDirectory=` of `lifecycled.service`.
    package static let database = "/var/lib/lifecycle/lifecycle.db"

    /// The database of a service, by what systemd says in `STATE_DIRECTORY`: several folders have colons between.
    package static func database(inStateDirectory folders: String?) -> String? {
        folders?.split(separator: ":").first.map { "\($0)/lifecycle.db" }
    }
}
