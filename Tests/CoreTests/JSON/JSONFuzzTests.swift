internal import Foundation
internal import LifecycleCore
internal import Testing

@Suite("JSON fuzzing")
struct JSONFuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["LIFECYCLE_FUZZ_SEED"].flatMap { UInt64($0) } ?? 20_251_123
    private static let count = environment["LIFECYCLE_FUZZ_COUNT"].flatMap { Int($0) }.map { max(1, $0) } ?? 50_000
    /// Texts in memory at a time, however many are asked for.
    private static let batch = 50_000

    static let hasPython = (environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/python3")
    }

    @Test(
        "mutated texts never trap, and are read exactly as Python reads them",
        .enabled(if: hasPython, "python3 is the other reader"))
    func agreesWithPython() async throws {
        print("JSON fuzzing with LIFECYCLE_FUZZ_SEED=\(Self.seed) LIFECYCLE_FUZZ_COUNT=\(Self.count)")
        var mutator = JSONMutator(seed: Self.seed)
        var accepted = try await compareWithPython(JSONCorpus.all.map { Array($0.utf8) })
        #expect(accepted == JSONCorpus.all.count)

        accepted = 0
        for start in stride(from: 0, to: Self.count, by: Self.batch) {
            let texts = (start..<min(start + Self.batch, Self.count)).map { _ in mutator.next() }
            accepted += try await compareWithPython(texts)
        }
        // Texts that are nearly all refused, or nearly all accepted, would test little.
        #expect(accepted > Self.count / 20 && accepted < Self.count * 19 / 20, "\(accepted) accepted")
    }

    /// Reads every text here and in Python.
    ///
    /// - Returns: How many texts are valid.
    private func compareWithPython(_ texts: [[UInt8]]) async throws -> Int {
        let expected = try await strictPython(texts)
        try #require(expected.count == texts.count)
        var accepted = 0
        var disagreements: [String] = []
        for (text, answer) in zip(texts, expected) {
            let value = try? parseJSON(text)
            accepted += value == nil ? 0 : 1
            let ours = value.map { canonicalForm(of: $0) } ?? "!"
            if ours != answer { disagreements.append("\(hexadecimal(text)): \(ours), Python: \(answer)") }
            if let value {
                #expect(try canonicalForm(of: parseJSON(value.minified())) == ours)
            }
        }
        #expect(disagreements.isEmpty, "\(disagreements.count), such as \(disagreements.prefix(5))")
        return accepted
    }

    /// The answers of `strict_json.py`, one per text.
    private func strictPython(_ texts: [[UInt8]]) async throws -> [Substring] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "json-fuzz-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appending(path: "input")
        let output = folder.appending(path: "output")
        try Data(texts.map { hexadecimal($0) + "\n" }.joined().utf8).write(to: input)
        try Data().write(to: output)

        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", URL(filePath: #filePath).deletingLastPathComponent().appending(path: "strict_json.py").path,
        ]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = try FileHandle(forWritingTo: output)
        try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in ended.resume() }
            do { try process.run() } catch { ended.resume(throwing: error) }
        }
        #expect(process.terminationStatus == 0)
        return try String(decoding: Data(contentsOf: output), as: UTF8.self).split(separator: "\n")
    }
}
