internal import HTTPTypes
internal import Hummingbird

/// A pipeline, which shows one of the configured tokens: `Authorization: Bearer …`.
enum Pipeline {
    static func isOne(_ request: Request, _ configuration: Configuration) -> Bool {
        guard let value = request.headers[.authorization] else { return false }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        // All of them, so that the time does not tell which one was near.
        return configuration.pipelineTokens.reduce(false) { ConstantTime.areEqual(String(parts[1]), $1) || $0 }
    }

    static func require(_ request: Request, _ configuration: Configuration) throws(Problem) {
        guard isOne(request, configuration) else {
            throw Problem(.unauthorized, "badToken", "Show a pipeline's token: Authorization: Bearer …")
        }
    }
}
