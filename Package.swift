// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioExtras = Target.Dependency.product(name: "NIOExtras", package: "swift-nio-extras")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")

let package = Package(
    name: "os-config",
    products: [
        .executable(name: "os-config", targets: ["os-config"]),
        .executable(name: "os-apply-config", targets: ["os-apply-config"]),
        .executable(name: "os-refresh-config", targets: ["os-refresh-config"]),
        .executable(name: "os-collect-config", targets: ["os-collect-config"]),
        .executable(name: "os-metadata-server", targets: ["os-metadata-server"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // Parts of Hummingbird's own interface: named only because what is imported has to be.
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    ],
    targets: [
        // Layer 0: the system's libraries and calls.
        .systemLibrary(name: "CLibCurl"),
        .systemLibrary(name: "CLibYAML"),
        .systemLibrary(name: "CLibExpat"),
        .systemLibrary(name: "CLibCrypto"),
        .systemLibrary(name: "CLinux"),

        // Layer 1
        .target(name: "MetadataTree"),
        .target(name: "RequestSigning", dependencies: ["CLibCrypto"]),
        .target(name: "HostSystem", dependencies: ["CLinux", systemPackage, subprocess]),

        // Layer 2
        .target(name: "YAMLReading", dependencies: ["CLibYAML", "MetadataTree"]),
        .target(name: "YAMLWriting", dependencies: ["CLibYAML", "MetadataTree"]),
        .target(name: "HTTPTransport", dependencies: ["CLibCurl"]),
        .target(name: "Mustache", dependencies: ["MetadataTree"]),

        // Layer 3
        .target(name: "AgentRuntime", dependencies: ["HostSystem", argumentParser, logging, systemPackage]),

        .target(
            name: "MetadataQuery",
            dependencies: ["MetadataTree", "HostSystem", "AgentRuntime", logging, systemPackage]),

        // Layer 4: a program each.
        .target(
            name: "ApplyConfig",
            dependencies: [
                "MetadataTree", "MetadataQuery", "YAMLReading", "Mustache", "HostSystem", "AgentRuntime",
                argumentParser, logging,
            ]),
        .target(
            name: "RefreshConfig",
            dependencies: [
                "MetadataTree", "HostSystem", "AgentRuntime", argumentParser, logging, systemPackage,
            ]),
        .target(
            name: "CollectConfig",
            dependencies: [
                "MetadataTree", "MetadataQuery", "RequestSigning", "HostSystem", "HTTPTransport",
                "AgentRuntime", "CLibExpat", argumentParser, logging, systemPackage,
            ]),
        .target(name: "MetadataStore", dependencies: ["MetadataTree"]),
        .target(name: "MetadataStoreSQLite", dependencies: ["MetadataStore", "MetadataTree", grdb]),

        // Layer 5
        .target(
            name: "MetadataServer",
            dependencies: [
                "MetadataStore", "MetadataStoreSQLite", "MetadataTree", "YAMLReading", "HostSystem",
                "RequestSigning", "AgentRuntime",
                hummingbird, hummingbirdCore, hummingbirdTLS, httpTypes, nioCore, nioPosix, nioHTTP1,
                nioHTTPTypes,
                nioHTTPTypesHTTP1,
                nioExtras, nioSSL,
                argumentParser, logging, systemPackage,
            ]),

        .target(
            name: "MetadataControl",
            dependencies: [
                "MetadataTree", "MetadataQuery", "YAMLReading", "YAMLWriting", "HTTPTransport", "HostSystem",
                "RequestSigning", "AgentRuntime", "MetadataStore", argumentParser, systemPackage,
            ]),

        // Layer 6: the entry points.
        .executableTarget(name: "os-apply-config", dependencies: ["AgentRuntime", "ApplyConfig"]),
        .executableTarget(name: "os-refresh-config", dependencies: ["AgentRuntime", "RefreshConfig"]),
        .executableTarget(name: "os-collect-config", dependencies: ["AgentRuntime", "CollectConfig"]),
        .executableTarget(
            name: "os-config",
            dependencies: ["ApplyConfig", "RefreshConfig", "CollectConfig", "AgentRuntime"]),
        .executableTarget(
            name: "os-metadata-server",
            dependencies: ["AgentRuntime", "MetadataServer", "MetadataControl", argumentParser]),

        // Tests
        .target(
            name: "FuzzTargets", dependencies: ["MetadataTree", "YAMLReading", "Mustache"],
            path: "Tests/Fuzz/Sources/FuzzTargets"),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"]),
        .target(
            name: "TestSupport", dependencies: ["HTTPTransport"], path: "Tests/TestSupport",
            exclude: ["certificates.sh"]),
        .testTarget(name: "MetadataTreeTests", dependencies: ["MetadataTree"]),
        .testTarget(name: "MustacheTests", dependencies: ["Mustache", "MetadataTree"]),
        .testTarget(name: "YAMLReadingTests", dependencies: ["YAMLReading", "MetadataTree"]),
        .testTarget(name: "YAMLWritingTests", dependencies: ["YAMLWriting", "YAMLReading", "MetadataTree"]),
        .testTarget(name: "MetadataQueryTests", dependencies: ["MetadataQuery", "MetadataTree"]),
        .testTarget(name: "RequestSigningTests", dependencies: ["RequestSigning"]),
        .testTarget(name: "HostSystemTests", dependencies: ["HostSystem", "TestSupport", systemPackage]),
        .testTarget(name: "HTTPTransportTests", dependencies: ["HTTPTransport", "TestSupport"]),
        .testTarget(name: "AgentRuntimeTests", dependencies: ["AgentRuntime"]),
        .testTarget(
            name: "ApplyConfigTests", dependencies: ["ApplyConfig", "MetadataQuery", "MetadataTree"]),
        .testTarget(name: "RefreshConfigTests", dependencies: ["RefreshConfig", "TestSupport"]),
        .testTarget(
            name: "CollectConfigTests",
            dependencies: [
                "CollectConfig", "MetadataTree", "HTTPTransport", "AgentRuntime", "TestSupport", logging,
            ]),
        .executableTarget(
            name: "impatient-collector", dependencies: ["AgentRuntime", "CollectConfig"],
            path: "Tests/ImpatientCollector"),
        .testTarget(name: "SoakTests", dependencies: ["TestSupport"]),
        .testTarget(
            name: "PeerTests", dependencies: ["TestSupport"], exclude: ["Fixtures", "requirements.txt"]),
        .testTarget(
            name: "MetadataStoreTests",
            dependencies: ["MetadataStore", "MetadataStoreSQLite", "MetadataTree", "TestSupport"]),
        .testTarget(
            name: "MetadataServerTests",
            dependencies: [
                "MetadataServer", "MetadataStore", "MetadataTree", "RequestSigning", "TestSupport", httpTypes,
                logging, systemPackage,
            ]),
        .testTarget(
            name: "MetadataControlTests",
            dependencies: ["MetadataControl", "HTTPTransport", "TestSupport", argumentParser]),
        .testTarget(
            name: "IntegrationTests", dependencies: ["TestSupport"], exclude: ["Fixtures", "demo.sh"]),
        .testTarget(
            name: "CompatibilityTests", dependencies: ["TestSupport", "Mustache", "MetadataTree"],
            exclude: ["Fixtures", "requirements.txt"]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ]
}
