// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let package = Package(
  name: "upkeep",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Upkeep", targets: ["Upkeep"]),
    .library(name: "UpkeepSQL", targets: ["UpkeepSQL"]),
    .library(name: "UpkeepTesting", targets: ["UpkeepTesting"]),
    .executable(name: "upkeep", targets: ["UpkeepShell"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(
      name: "CLZ4", pkgConfig: "liblz4",
      providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
    .systemLibrary(name: "CEdit", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(name: "CPlatform"),
    .target(name: "UpkeepStorage", dependencies: ["CLZ4", "CPlatform"], swiftSettings: settings),
    .target(name: "Upkeep", dependencies: ["UpkeepStorage"], swiftSettings: settings),
    .target(name: "UpkeepSQL", dependencies: ["Upkeep"], swiftSettings: settings),
    .target(name: "UpkeepTesting", dependencies: ["UpkeepStorage"], swiftSettings: settings),
    .executableTarget(
      name: "UpkeepShell",
      dependencies: [
        "Upkeep", "UpkeepSQL", "CEdit", "CZlib",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    .systemLibrary(
      name: "CSQLite", path: "Tests/CSQLite", pkgConfig: "sqlite3",
      providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite3"])]),
    .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
    .target(name: "CTerminal", path: "Tests/CTerminal"),
    .target(
      name: "UpkeepTestSupport", dependencies: ["Upkeep", "UpkeepTesting"],
      path: "Tests/UpkeepTestSupport", swiftSettings: settings),
    .testTarget(
      name: "UpkeepStorageTests",
      dependencies: ["UpkeepStorage", "UpkeepTesting", "UpkeepTestSupport", "CAllocationCount"],
      swiftSettings: settings),
    .testTarget(
      name: "UpkeepTests",
      dependencies: ["Upkeep", "UpkeepTesting", "UpkeepTestSupport", "CAllocationCount"],
      exclude: ["Import/Corpus"], swiftSettings: settings),
    .testTarget(
      name: "UpkeepSQLTests",
      dependencies: ["UpkeepSQL", "UpkeepTesting", "UpkeepTestSupport", "CSQLite", "CAllocationCount"],
      exclude: ["Scripts"], swiftSettings: settings),
    .testTarget(
      name: "UpkeepShellTests", dependencies: ["UpkeepShell", "UpkeepTestSupport", "CTerminal"],
      swiftSettings: settings),
    .testTarget(
      name: "SimulationTests",
      dependencies: [
        "UpkeepStorage", "Upkeep", "UpkeepSQL", "UpkeepTesting", "UpkeepTestSupport", "CAllocationCount",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "FormatTests", dependencies: ["Upkeep", "UpkeepTesting"], swiftSettings: settings),
    .testTarget(name: "TidyTests", swiftSettings: settings),
  ]
)

// For `make fuzz`: without libFuzzer it has no beginning.
if Context.environment["UPKEEP_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "UpkeepFuzz", dependencies: ["UpkeepSQL", "UpkeepTesting"], path: "Tests/UpkeepFuzz",
      swiftSettings: settings))
}
