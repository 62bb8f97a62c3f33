internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The body of a request, as JSON.
enum JSONBody {
    static func read<Body: Decodable>(
        _ type: Body.Type, _ request: Request, _ context: AppContext
    ) async throws -> Body {
        // Browsers send this type to another site only after asking, which is never allowed here.
        guard let type = request.headers[.contentType]?.split(separator: ";").first,
            type.trimmingCharacters(in: .whitespaces).lowercased() == "application/json"
        else { throw Problem(.unsupportedMediaType, "notJSON", "Send Content-Type: application/json.") }
        let bytes = try await RequestBytes.read(request, context)
        do {
            return try JSONDecoder().decode(Body.self, from: Data(bytes.readableBytesView))
        } catch let error as DecodingError {
            throw Problem.unprocessable(error.sentence)
        }
    }
}

/// The body of a request, up to the limit.
enum RequestBytes {
    static func read(_ request: Request, _ context: AppContext) async throws -> ByteBuffer {
        do {
            return try await request.body.collect(upTo: context.maxUploadSize)
        } catch {
            guard error is NIOTooManyBytesError else { throw error }
            throw Problem(
                .contentTooLarge, "tooLarge", "The request is longer than \(context.maxUploadSize) bytes.")
        }
    }
}

extension DecodingError {
    /// What is wrong, without what was sent.
    fileprivate var sentence: String {
        func name(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        return switch self {
        case .keyNotFound(let key, let context): "\(name(context.codingPath + [key])) is missing."
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            context.codingPath.isEmpty
                ? "The body must be an object." : "\(name(context.codingPath)) has the wrong type."
        case .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "The body is not JSON, or a number in it is too large."
                : "\(name(context.codingPath)) has a value that is not allowed."
        @unknown default: "The body cannot be read."
        }
    }
}
