internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Style, script and icon.
enum Assets {
    private static let files: [(path: String, type: String, bytes: [UInt8])] = [
        ("assets/app.css", "text/css; charset=utf-8", PackageResources.app_css),
        ("assets/app.js", "text/javascript; charset=utf-8", PackageResources.app_js),
        ("assets/icon.svg", "image/svg+xml", PackageResources.icon_svg),
    ]

    static func addRoutes(to router: Router<AppContext>) {
        for file in files {
            let body = ByteBuffer(bytes: file.bytes)
            router.get(RouterPath(file.path)) { _, _ in
                Response(
                    status: .ok,
                    // A new version is seen within minutes.
                    headers: [.contentType: file.type, .cacheControl: "public, max-age=300"],
                    body: ResponseBody(byteBuffer: body))
            }
        }
        router.get("/") { _, _ in Response(status: .seeOther, headers: [.location: "/projects"]) }
    }
}
