internal import ArgumentParser
internal import LifecycleCore

struct DiscoverCommand: RemoteCommand {
    static let configuration = CommandConfiguration(
        commandName: "discover", abstract: "Show the daemon's methods, roles and limits.",
        discussion: """
            With --json it prints the OpenRPC document.

            Examples:
              lifecyclectl discover
              lifecyclectl discover --json | jq '."x-limits"'
            """)

    @OptionGroup var connection: ConnectionOptions

    func request() -> Discover { Discover() }

    func show(_ response: Discover.Response, on output: Output) {
        guard let root = try? JSONDocument(parsing: response.document).root else { return }
        output.line("lifecycled \(response.version)")
        var methods = Table(.left("METHOD"), .left("EFFECT"), .left("ROLES"), .left("SUMMARY"))
        for method in root["methods"].map({ Array($0.elements) }) ?? [] {
            let roles = method["x-roles"].map { $0.elements.compactMap(\.string) } ?? []
            methods.append([
                .init(method["name"]?.string ?? ""), .init(method["x-effect"]?.string ?? ""),
                .init(roles.joined(separator: ",")), .init(method["summary"]?.string ?? ""),
            ])
        }
        output.heading("Methods")
        output.table(methods)
        var limits = Table(.left("LIMIT"), .right("VALUE"))
        for limit in root["x-limits"].map({ Array($0.members) }) ?? [] {
            limits.append([
                .init(limit.name.string ?? ""), .init(String(decoding: limit.value.raw, as: UTF8.self)),
            ])
        }
        output.heading("Limits")
        output.table(limits)
    }
}
