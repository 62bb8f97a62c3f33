internal import ArgumentParser
internal import Glibc
internal import LifecycleCore

struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Call a method by its name and print its result as JSON.",
        discussion: """
            For methods that have no subcommand in this version. The request is sent once and never repeated.

            Examples:
              lifecyclectl call getBalance '{"userId":"ada"}'
              echo '["ada",5,"gift"]' | lifecyclectl call grantCredits -
            """)

    @Argument(help: "The method's name.") var method: String
    @Argument(help: ArgumentHelp("The parameters, an object or array. - reads standard input.", valueName: "json"))
    var parameters = "{}"
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let text = parameters == "-" ? try Self.standardInput() : Array(parameters.utf8)
        do throws(JSONSyntaxError) {
            guard [.object, .array].contains(try JSONDocument(parsing: text).root.kind) else {
                throw JSONSyntaxError(reason: "must be an object or an array", offset: 0)
            }
        } catch {
            throw ValidationError(
                "The parameters are not a JSON object or array: \(error.reason) at byte \(error.offset).")
        }
        Output().verbatim(try await Session(connection).call(method, String(decoding: text, as: UTF8.self)))
    }

    private static func standardInput() throws -> [UInt8] {
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if count == 0 { return text }
            if count > 0 { text += chunk[..<count] }
            if count < 0, errno != EINTR {
                throw Failure("Cannot read standard input: \(String(cString: strerror(errno))).")
            }
        }
    }
}
