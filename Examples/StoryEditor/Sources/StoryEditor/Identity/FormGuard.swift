internal import HTTPTypes
internal import Hummingbird

/// Keeps other sites from sending our forms in a visitor's name (CSRF). Two checks, neither of which needs a session
/// store:
/// - What the browser says of where the request comes from (`Sec-Fetch-Site`, or `Origin` from older ones) must be us.
/// - The form's token must be the one in the cookie, which other sites can neither read nor set: `__Host-` binds it to
///   this host and to HTTPS (browsers take localhost for that), `SameSite=Strict` keeps it at home.
enum FormGuard {
    static let cookieName = "__Host-story-editor"

    /// The visitor's token, and the cookie to set when it is new.
    static func token(_ request: Request) -> (token: String, cookie: Cookie?) {
        if let known = request.cookies[cookieName]?.value, known.utf8.count == 32 { return (known, nil) }
        let token = RandomWord.make()
        let cookie = Cookie(
            name: cookieName, value: token, maxAge: 30 * 86_400, path: "/", secure: true, httpOnly: true,
            sameSite: .strict)
        return (token, cookie)
    }

    static func check(_ request: Request, token: String?) throws(Problem) {
        try checkOrigin(request)
        guard let known = request.cookies[cookieName]?.value, known.utf8.count == 32, let token,
            ConstantTime.areEqual(token, known)
        else { throw refusal }
    }

    /// For requests of scripts, too: a page of another site may send one, and the proxy would add who is signed in.
    static func checkOrigin(_ request: Request) throws(Problem) {
        if let site = request.headers[.fetchSite] {
            guard site == "same-origin" || site == "none" else { throw refusal }
        } else if let origin = request.headers[.origin] {
            let host = request.head.authority ?? ""
            guard origin == "https://\(host)" || origin == "http://\(host)" else { throw refusal }
        }
    }

    private static var refusal: Problem {
        Problem(.forbidden, "formRefused", "This form is out of date. Please go back, reload the page and try again.")
    }
}
