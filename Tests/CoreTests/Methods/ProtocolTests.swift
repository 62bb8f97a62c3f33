internal import Foundation
internal import LifecycleCore
internal import Testing

/// A new method or error kind is not done before users can read of it: this names what is missing.
@Suite("protocol.md has all that the code has")
struct ProtocolTests {
    private static let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in
        url.deletingLastPathComponent()
    }

    private static func lines() throws -> [String] {
        let text = try String(contentsOf: root.appendingPathComponent("protocol.md"), encoding: .utf8)
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The lines of the section `### name`.
    private static func section(_ name: String) throws -> [String] {
        let lines = try lines()
        guard let start = lines.firstIndex(of: "### \(name)") else { return [] }
        let rest = lines[(start + 1)...]
        return Array(rest.prefix { !$0.hasPrefix("## ") && !$0.hasPrefix("### ") })
    }

    @Test("a section for every method", arguments: MethodTable.standard.entries.map(\.name))
    func hasSection(_ method: String) throws {
        #expect(try !Self.section(method).isEmpty, "protocol.md has no section \"### \(method)\"")
    }

    @Test("every parameter is named in its method's section", arguments: MethodTable.standard.entries.map(\.name))
    func hasParameters(_ method: String) throws {
        let text = try Self.section(method).joined(separator: "\n")
        let entry = try #require(MethodTable.standard.entries.first { $0.name == method })
        for parameter in entry.parameters {
            #expect(text.contains("`\(parameter.name)`"), "\(method) in protocol.md does not name `\(parameter.name)`")
        }
    }

    @Test("no method that does not exist has a section")
    func noOtherMethods() throws {
        let lines = try Self.lines()
        let names = lines.filter { $0.hasPrefix("### ") }.map { String($0.dropFirst(4)) }
        // Sections about anything else have titles of more than one word.
        let methods = names.filter { $0.wholeMatch(of: /[a-z]+[A-Za-z.]*/) != nil }
        #expect(methods == MethodTable.standard.entries.map(\.name))
    }

    @Test("a row of the error table for every kind, with its code", arguments: ErrorKind.all)
    func hasErrorRow(_ kind: ErrorKind) throws {
        let rows = try Self.lines().map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
        let row = rows.first { $0.count > 2 && $0[0] == "\(kind.code)" && $0[1] == "`\(kind.name)`" }
        #expect(row?[2] == (kind.retryable ? "yes" : "no"), "no row of \(kind.code) `\(kind.name)` in protocol.md")
    }

    /// Only that it is named, not that it is provoked: but a new kind that no test knows of is found here.
    @Test("a test of the daemon or its parts names every error kind", arguments: ErrorKind.all)
    func isTested(_ kind: ErrorKind) throws {
        let name = try Regex("[.\"]\(kind.name)\\b")
        let isNamed = try ["EndToEndTests", "LifecycleRPCTests"].contains { folder in
            let folder = Self.root.appendingPathComponent("Tests/\(folder)")
            let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap {
                $0 as? URL
            }
            return try (files ?? []).filter { $0.pathExtension == "swift" }
                .contains { try String(contentsOf: $0, encoding: .utf8).contains(name) }
        }
        #expect(isNamed, "no test names \(kind.name)")
    }
}
