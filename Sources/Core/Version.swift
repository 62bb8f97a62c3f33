/// The version of the daemon, its client and its protocol, as `--version` and `rpc.discover` show it.
package let version = "0.1.0"
