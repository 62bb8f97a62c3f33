/// The version of the daemon, the client and the protocol. `--version` and `rpc.discover` show it.
package let version = "0.1.0"
