internal import Foundation
internal import LifecycleCore
internal import TestSupport
internal import Testing

@Suite("JSON fuzzing")
struct JSONFuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["LIFECYCLE_FUZZ_SEED"].flatMap { UInt64($0) } ?? 20_251_123
    private static let count = environment["LIFECYCLE_FUZZ_COUNT"].flatMap { Int($0) }.map { max(1, $0) } ?? 50_000
    /// Texts in memory at a time, however many are asked for.
    private static let batch = 50_000

    @Test(
        "mutated texts never trap, and are read exactly as Python reads them",
        .enabled(if: Machine.hasPython, "python3 is the other reader"))
    func agreesWithPython() throws {
        print("JSON fuzzing with LIFECYCLE_FUZZ_SEED=\(Self.seed) LIFECYCLE_FUZZ_COUNT=\(Self.count)")
        var mutator = JSONMutator(seed: Self.seed)
        var accepted = try compareWithPython(JSONCorpus.all.map { Array($0.utf8) })
        #expect(accepted == JSONCorpus.all.count)

        accepted = 0
        for start in stride(from: 0, to: Self.count, by: Self.batch) {
            let texts = (start..<min(start + Self.batch, Self.count)).map { _ in mutator.next() }
            accepted += try compareWithPython(texts)
        }
        // Texts that are nearly all refused, or nearly all accepted, would test little.
        #expect(accepted > Self.count / 20 && accepted < Self.count * 19 / 20, "\(accepted) accepted")
    }

    /// Reads every text here and in Python.
    ///
    /// - Returns: How many texts are valid.
    private func compareWithPython(_ texts: [[UInt8]]) throws -> Int {
        let expected = try strictPython(texts)
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
    private func strictPython(_ texts: [[UInt8]]) throws -> [Substring] {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "strict_json.py").path
        let python = try ChildProcess.run(
            "python3", [script], environment: ChildProcess.inheritedEnvironment,
            input: texts.map { hexadecimal($0) + "\n" }.joined())
        #expect(python.code == 0, "\(python.errors)")
        return python.output.split(separator: "\n")
    }
}
