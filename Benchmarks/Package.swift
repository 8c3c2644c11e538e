// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let package = Package(
  name: "upkeep-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "upkeep", path: "..")],
  targets: [
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite3"])]),
    .target(name: "Harness", swiftSettings: settings),
    .executableTarget(
      name: "UpkeepBenchmarks",
      dependencies: ["Harness", "CSQLite", .product(name: "Upkeep", package: "upkeep")],
      swiftSettings: settings),
  ]
)
