internal import Glibc
internal import LifecycleClient
internal import LifecycleSystem

/// Callers of a daemon that others stop, kill and upgrade meanwhile, for the tests that need a real client program:
/// `callers SOCKET TASKS` creates and fails projects until its standard input ends. Its last line says what it did, as
/// JSON. Nothing may fail: the client is to wait for the next daemon and to repeat what it must.
@main
enum Callers {
    /// What one task did.
    struct Tally {
        var calls = 0
        var failures = 0
    }

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let tasks = Int(arguments[2]), (1...1000).contains(tasks) else {
            print("usage: callers SOCKET TASKS")
            exit(64)
        }
        let client = LifecycleClient(socketPath: arguments[1])
        _ = try await client.grantCredits(userId: "callers", credits: 1_000_000_000, reason: "to be spent")
        let sum = await withTaskGroup { group in
            for _ in 0..<tasks { group.addTask { await work(client) } }
            group.addTask {
                await untilInputEnds()
                return nil
            }
            var sum = Tally()
            for await tally in group {
                // The one that waited for the end of the input has nothing to tell, but stops the others.
                guard let tally else {
                    group.cancelAll()
                    continue
                }
                sum.calls += tally.calls
                sum.failures += tally.failures
            }
            return sum
        }
        await client.close()
        print(#"{"calls":\#(sum.calls),"failures":\#(sum.failures)}"#)
        exit(sum.failures == 0 ? 0 : 1)
    }

    private static func work(_ client: LifecycleClient) async -> Tally? {
        var tally = Tally()
        while !Task.isCancelled {
            do {
                // In a task of its own: the end of the test is not to cut a call off.
                try await Task {
                    let project = try await client.createProject(userId: "callers", credits: 1).project
                    _ = try await client.updateStatus(project.projectId, .failed, errorMessage: "as planned")
                }.value
            } catch {
                print("callers: \(error)")
                tally.failures += 1
            }
            tally.calls += 2
        }
        return tally
    }

    private static func untilInputEnds() async {
        await withCheckedContinuation { done in
            do {
                try SystemThread.start {
                    var byte: UInt8 = 0
                    while read(STDIN_FILENO, &byte, 1) > 0 {}
                    done.resume()
                }
            } catch {
                done.resume()
            }
        }
    }
}
