// swift-tools-version: 6.2

import PackageDescription

// A package of its own, so that nobody who depends on the client resolves what only a measurement needs.
let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "lifecycle-rpc", path: "..")],
    targets: [
        .executableTarget(
            name: "client-overhead",
            dependencies: [.product(name: "LifecycleClient", package: "lifecycle-rpc")])
    ],
    swiftLanguageModes: [.v6]
)
