// swift-tools-version: 6.2

import PackageDescription

// A package of its own, so that nobody who depends on the client resolves what only a web app needs.
let package = Package(
    name: "StoryEditor",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "story-editor", targets: ["story-editor"])],
    dependencies: [
        .package(name: "lifecycle-rpc", path: "../.."),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    ],
    targets: [
        .target(
            name: "StoryEditor",
            dependencies: [
                .product(name: "LifecycleClient", package: "lifecycle-rpc"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            resources: [.embedInCode("Resources")]),
        .executableTarget(
            name: "story-editor",
            dependencies: [
                "StoryEditor",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .testTarget(
            name: "StoryEditorTests",
            dependencies: [
                "StoryEditor",
                .product(name: "LifecycleClient", package: "lifecycle-rpc"),
                .product(name: "LifecycleTesting", package: "lifecycle-rpc"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)

/// Set by the Makefile, as for the package above.
let isStrict = Context.environment["LIFECYCLE_STRICT"] != nil

for target in package.targets {
    var settings: [SwiftSetting] = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ]
    if isStrict {
        settings += [.treatAllWarnings(as: .error), .treatWarning("StrictLanguageFeatures", as: .error)]
    }
    target.swiftSettings = settings
}
