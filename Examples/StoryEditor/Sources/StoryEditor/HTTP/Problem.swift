internal import Foundation
internal import HTTPTypes
internal import Hummingbird

/// An error as callers of the API see it: `application/problem+json` (RFC 9457). `success` and `error` are what the
/// callers of the app before this one look for.
struct Problem: Error {
    var status: HTTPResponse.Status
    /// A stable word for programs.
    var code: String
    /// One sentence for people.
    var detail: String
    var projectId: String?
    var available: Int64?
    var required: Int64?
    /// Seconds after which the same request may succeed.
    var retryAfter: Int?

    init(_ status: HTTPResponse.Status, _ code: String, _ detail: String) {
        self.status = status
        self.code = code
        self.detail = detail
    }

    private struct Body: Encodable {
        let success = false
        let error: String
        let type = "about:blank"
        let title: String
        let status: Int
        let detail: String
        let code: String
        let projectId: String?
        let available: Int64?
        let required: Int64?
    }

    var response: Response {
        let body = Body(
            error: detail, title: status.reasonPhrase, status: status.code, detail: detail, code: code,
            projectId: projectId, available: available, required: required)
        var response = JSONAnswer.response(body, status)
        response.headers[.contentType] = "application/problem+json"
        for (name, value) in headers { response.headers[name] = value }
        return response
    }

    /// What belongs to the status, for the page of an error as well.
    var headers: [(HTTPField.Name, String)] {
        var headers: [(HTTPField.Name, String)] = []
        if let retryAfter { headers.append((.retryAfter, String(retryAfter))) }
        if status == .unauthorized { headers.append((.wwwAuthenticate, "Bearer")) }
        return headers
    }
}

extension HTTPResponse.Status {
    static let paymentRequired = HTTPResponse.Status(code: 402, reasonPhrase: "Payment Required")
}

/// An answer in JSON.
enum JSONAnswer {
    static func response(_ body: some Encodable, _ status: HTTPResponse.Status = .ok) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(body) else { return Response(status: .internalServerError) }
        return Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
}
