import Foundation
import TestSupport
import Testing

/// The code of the documentation's articles, as it stands there.
@Suite("The documentation's snippets")
struct SnippetTests {
    static let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }

    static let names: [String] = {
        let folder = root.appendingPathComponent("Snippets").path
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".swift") }.map { String($0.dropLast(6)) }.sorted()
    }()

    @Test("there are some") func found() { #expect(Self.names.count >= 3) }

    @Test("each runs and finds what it promises", arguments: names)
    func runs(name: String) throws {
        let binary = URL(fileURLWithPath: TestDaemon.binary).deletingLastPathComponent().appendingPathComponent(name)
        let (code, output, errors) = try ChildProcess.run(binary.path, [])
        #expect(code == 0, "\(errors)")
        #expect(output == "\(name): ok\n")
    }

    @Test("the README's Swift code is a snippet's")
    func readme() throws {
        let readme = try String(contentsOf: Self.root.appendingPathComponent("README.md"), encoding: .utf8)
        let snippets = try Self.names.map { name in
            try String(contentsOf: Self.root.appendingPathComponent("Snippets/\(name).swift"), encoding: .utf8)
        }
        let blocks = readme.matches(of: /(?s)```swift\n(.*?)```/).map { String($0.output.1) }
        #expect(!blocks.isEmpty)
        for block in blocks { #expect(snippets.contains { $0.contains(block) }, "\(block)") }
    }
}
