internal import Hummingbird
internal import NIOCore

/// What is known of a request besides itself.
struct AppContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The address of who has connected, as the kernel says; nil when it does not.
    let peer: String?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress?.ipAddress
    }

    /// A video's order is some hundred bytes. A longer body is refused (413).
    static let maximumBodyBytes = 64 * 1024
    var maxUploadSize: Int { Self.maximumBodyBytes }
}
