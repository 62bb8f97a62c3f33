internal import Foundation
internal import Logging
internal import Testing

@testable import LifecycleRPC

@Suite("What the journal knows of each message")
struct LogMessageTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private struct CatalogEntry {
        let id: String
        let headers: [String: String]
        /// Paragraphs, each on one line.
        let paragraphs: [String]
    }

    private static func catalog() throws -> [CatalogEntry] {
        let file = root.appending(path: "systemd/lifecycle-rpc.catalog")
        let text = try String(contentsOf: file, encoding: .utf8)
        return text.components(separatedBy: "\n-- ").dropFirst().map { entry in
            let blocks = entry.components(separatedBy: "\n\n")
            let lines = blocks[0].split(separator: "\n").map(String.init)
            let headers = lines.dropFirst().map { $0.components(separatedBy: ": ") }
            return CatalogEntry(
                id: lines[0],
                headers: Dictionary(uniqueKeysWithValues: headers.map { ($0[0], $0[1...].joined(separator: ": ")) }),
                paragraphs: blocks.dropFirst().map {
                    $0.split(separator: "\n").joined(separator: " ")
                })
        }
    }

    @Test("an id is 128 bits, a text is one line, and no two messages have the same")
    func distinct() {
        let messages = LogMessage.allCases
        for message in messages {
            #expect(message.id.wholeMatch(of: #/[0-9a-f]{32}/#) != nil, "\(message)")
            #expect(message.text.wholeMatch(of: #/[ -~]+/#) != nil, "\(message)")
            #expect(message.level >= .info, "\(message)")
        }
        #expect(Set(messages.map(\.id)).count == messages.count)
        #expect(Set(messages.map(\.text)).count == messages.count)
    }

    @Test("the catalog explains every message, in their order, and no other")
    func catalogIDs() throws {
        let entries = try Self.catalog()
        #expect(entries.map(\.id) == LogMessage.allCases.map(\.id))
        for entry in entries {
            #expect(entry.headers["Defined-By"] == "lifecycle-rpc")
            #expect(entry.headers["Documentation"] == "man:lifecycled(8)")
            #expect(entry.headers["Subject"]?.isEmpty == false)
            #expect(entry.paragraphs.count == 2, "\(entry.id)")
            #expect(entry.paragraphs.last?.hasPrefix("To do: ") == true, "\(entry.id)")
        }
    }

    @Test("the catalog names only fields that there are")
    func catalogFields() throws {
        let known = Set(LogKey.allCases.map(\.journalName))
        var found = 0
        for entry in try Self.catalog() {
            for text in entry.headers.values + entry.paragraphs {
                for name in text.matches(of: #/LIFECYCLE_[A-Z_]+/#).map({ String($0.output) }) {
                    found += 1
                    #expect(known.contains(name), "\(name) in \(entry.id)")
                }
            }
        }
        #expect(found > 20)
    }

    @Test("the table of the documents is that of the messages and the catalog")
    func documentedTable() throws {
        let rows = zip(LogMessage.allCases, try Self.catalog()).map { message, entry in
            let toDo = entry.paragraphs.last?.dropFirst("To do: ".count) ?? ""
            return "| \(message.text) | \(message.level) | `\(message.id)` | \(entry.paragraphs[0]) | \(toDo) |"
        }
        let document = try String(contentsOf: Self.root.appending(path: "docs/journal.md"), encoding: .utf8)
        let written = document.split(separator: "\n").filter { $0.contains(#/^\|.*\| `[0-9a-f]{32}` \|/#) }
        #expect(written.map(String.init) == rows, "it should be:\n\(rows.joined(separator: "\n"))")
    }

    @Test("the documents list the fields of a step")
    func documentedFields() throws {
        let document = try String(contentsOf: Self.root.appending(path: "docs/journal.md"), encoding: .utf8)
        for key in LogKey.allCases {
            #expect(document.contains("`\(key.journalName)`"), "\(key.journalName)")
        }
    }

    @Test(
        "the fields that scripts filter by have these names",
        arguments: [
            (LogKey.project, "LIFECYCLE_PROJECT"), (.user, "LIFECYCLE_USER"), (.credits, "LIFECYCLE_CREDITS"),
            (.method, "LIFECYCLE_METHOD"), (.callerUid, "LIFECYCLE_CALLER_UID"),
            (.callerPid, "LIFECYCLE_CALLER_PID"), (.status, "LIFECYCLE_STATUS"),
            (.errorCode, "LIFECYCLE_ERROR_CODE"),
        ])
    func fieldNames(key: LogKey, name: String) {
        #expect(key.journalName == name)
    }
}
