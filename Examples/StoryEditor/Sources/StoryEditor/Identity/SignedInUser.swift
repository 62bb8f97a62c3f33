internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// Who is signed in, as the reverse proxy says in `X-Forwarded-User`.
///
/// A header is worth what its sender is. Two locks, each of which would not do alone:
/// - It must come from the proxy's address. Alone that is not enough: on a shared machine every process can connect
///   from 127.0.0.1, and claim to be anybody.
/// - It must come with the proxy's secret in `X-Proxy-Secret`. Alone that is not enough either: a secret that leaked
///   once, by a log or a copied configuration, would open the app to the whole network.
///
/// The proxy must set both headers anew on every request, so that a visitor cannot send their own. One that was passed
/// on beside the proxy's makes two, and is refused here.
struct SignedInUser: Sendable {
    let userId: String
    let isAdmin: Bool

    init(_ request: Request, _ context: AppContext, _ configuration: Configuration) throws(Problem) {
        let names = request.headers[values: .forwardedUser]
        guard !names.isEmpty else { throw Problem(.unauthorized, "notSignedIn", "Please sign in.") }
        let secrets = request.headers[values: .proxySecret]
        let isFromProxy = configuration.isProxy(context.peer)
        guard isFromProxy, secrets.count == 1, ConstantTime.areEqual(secrets[0], configuration.proxySecret) else {
            context.logger.warning(
                "identity refused", metadata: ["peer": "\(context.peer ?? "unknown")", "fromProxy": "\(isFromProxy)"])
            throw Problem(.unauthorized, "untrustedIdentity", "Who you are was not said by the sign-in proxy.")
        }
        guard names.count == 1, Self.isUserId(names[0]) else {
            throw Problem(.unauthorized, "untrustedIdentity", "Who you are was said in a way that is not allowed.")
        }
        userId = names[0]
        // Compared as bytes: Swift's == calls different bytes equal.
        isAdmin = configuration.admins.contains { $0.utf8.elementsEqual(names[0].utf8) }
    }

    /// As the daemon wants it: 1 to 128 bytes, no control characters. Bytes that are no UTF-8 have become U+FFFD before
    /// we see them: with that in their names, two users would be one.
    private static func isUserId(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && !text.hasControlCharacters && !text.unicodeScalars.contains("\u{FFFD}")
    }
}
