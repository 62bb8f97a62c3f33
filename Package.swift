// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "lifecycle-rpc",
    platforms: [.macOS(.v15)],  // Linux only in practice; names the minimum for `Synchronization`.
    products: [
        .library(name: "LifecycleClient", targets: ["LifecycleClient"]),
        .library(name: "LifecycleTesting", targets: ["LifecycleTesting"]),
        .executable(name: "lifecycled", targets: ["lifecycled"]),
        .executable(name: "lifecyclectl", targets: ["lifecyclectl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        // Its default trait, JSON, brings in all of Foundation.
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CSQLite", path: "Sources/CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CSystemd", path: "Sources/CSystemd", pkgConfig: "libsystemd",
            providers: [.apt(["libsystemd-dev"])]),

        // Three calls of the C library that Swift's Glibc does not know.
        .systemLibrary(name: "CMemory", path: "Sources/CMemory"),

        .target(name: "LifecycleCore", path: "Sources/Core"),
        .target(name: "LifecycleSystem", path: "Sources/System"),
        .target(
            name: "LifecycleWire",
            dependencies: [.product(name: "NIOCore", package: "swift-nio")],
            path: "Sources/Wire"),
        // What one transaction on one connection to SQLite does.
        .target(
            name: "LifecycleSQLite",
            dependencies: ["LifecycleCore", "CSQLite"],
            path: "Sources/SQLite",
            resources: [.embedInCode("Schema")]),
        .target(
            name: "LifecycleRPC",
            dependencies: [
                "LifecycleCore", "LifecycleSQLite", "LifecycleSystem", "LifecycleWire", "CMemory", "CSQLite",
                "CSystemd",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/LifecycleRPC"),
        .target(
            name: "LifecycleClient",
            dependencies: [
                "LifecycleCore", "LifecycleSystem", "LifecycleWire",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Client"),
        // For the tests of web apps.
        .target(
            name: "LifecycleTesting",
            dependencies: [
                "LifecycleClient", "LifecycleCore", "LifecycleSQLite",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            path: "Sources/Testing"),
        .executableTarget(
            name: "lifecyclectl",
            dependencies: [
                "LifecycleClient", "LifecycleCore", "LifecycleSystem",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/lifecyclectl"),
        .executableTarget(
            name: "lifecycled",
            dependencies: [
                "LifecycleRPC", "LifecycleSystem",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/lifecycled"),

        .target(name: "TestSupport", path: "Tests/Support"),
        .executableTarget(
            name: "callers", dependencies: ["LifecycleClient", "LifecycleSystem"], path: "Tests/Callers"),
        .testTarget(
            name: "CoreTests", dependencies: ["LifecycleCore", "TestSupport"], exclude: ["JSON/strict_json.py"]),
        .testTarget(
            name: "WireTests",
            dependencies: ["LifecycleWire", .product(name: "NIOCore", package: "swift-nio")]),
        .testTarget(
            name: "LifecycleRPCTests",
            dependencies: [
                "LifecycleRPC", "LifecycleClient", "LifecycleCore", "LifecycleSQLite", "LifecycleSystem",
                "LifecycleTesting", "TestSupport", "lifecycled", "CSQLite",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(
            name: "ClientTests",
            dependencies: [
                "LifecycleClient", "LifecycleCore", "LifecycleSystem", "LifecycleTesting", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "LifecycleClient", "LifecycleCore", "LifecycleSystem", "LifecycleTesting", "TestSupport", "lifecycled",
                "lifecyclectl",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)

/// Set by the Makefile. Not always on: a newer compiler's new warnings must not break somebody's build.
let isStrict = Context.environment["LIFECYCLE_STRICT"] != nil

for target in package.targets where target.type != .system {
    var settings: [SwiftSetting] = [
        // SE-0335: existentials are written `any P`.
        .enableUpcomingFeature("ExistentialAny"),
        // SE-0444: a member is visible only where its module is imported.
        .enableUpcomingFeature("MemberImportVisibility"),
        // SE-0409: an import is internal unless it says otherwise.
        .enableUpcomingFeature("InternalImportsByDefault"),
    ]
    if isStrict {
        settings += [
            .treatAllWarnings(as: .error),
            .treatWarning("ExplicitSendable", as: .error),
            // A misspelt feature above.
            .treatWarning("StrictLanguageFeatures", as: .error),
        ]
    }
    target.swiftSettings = (target.swiftSettings ?? []) + settings
}

// Only who makes the documentation needs the plugin: `make docs` sets this.
if Context.environment["LIFECYCLE_DOCS"] != nil {
    package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}
