// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// The sources under test are links into the package above, so that they are built with the fuzzer's instrumentation.
let package = Package(
    name: "fuzz",
    targets: [
        .systemLibrary(name: "CLibYAML"),
        .target(name: "MetadataTree"),
        .target(name: "YAMLReading", dependencies: ["CLibYAML", "MetadataTree"]),
        .target(name: "Mustache", dependencies: ["MetadataTree"]),
        .target(name: "FuzzTargets", dependencies: ["MetadataTree", "YAMLReading", "Mustache"]),
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzTargets"],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .unsafeFlags(["-sanitize=fuzzer"]),
    ]
}
